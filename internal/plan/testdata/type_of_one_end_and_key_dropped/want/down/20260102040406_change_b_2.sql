-- REWRITES public.b: the type of a_id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.b ALTER COLUMN a_id TYPE integer USING a_id::integer;
