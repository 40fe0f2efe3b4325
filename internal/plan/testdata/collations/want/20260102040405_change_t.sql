-- BLOCKS public.t: the type of name changes from text to text COLLATE "C", which builds its indexes anew.
-- Nobody reads or writes the table meanwhile.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN name_new text COLLATE "C";
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET name_new = name WHERE ...;
-- let it read name_new, and drop name when nobody uses it any more.

ALTER TABLE public.t ALTER COLUMN name TYPE text COLLATE "C";
