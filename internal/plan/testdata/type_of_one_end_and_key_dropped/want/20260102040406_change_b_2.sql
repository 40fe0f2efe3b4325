-- REWRITES public.b: the type of a_id changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.b ADD COLUMN a_id_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.b SET a_id_new = a_id WHERE ...;
-- let it read a_id_new, and drop a_id when nobody uses it any more.

ALTER TABLE public.b ALTER COLUMN a_id TYPE text;
