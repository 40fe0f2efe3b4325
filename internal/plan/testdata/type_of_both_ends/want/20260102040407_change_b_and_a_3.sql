-- REWRITES public.a: the type of id changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.a ADD COLUMN id_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.a SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.
-- REWRITES public.a: the type of n changes from integer to bigint, which writes every row and every index anew.
-- BLOCKS public."B": nobody reads or writes it meanwhile either, for its foreign key "B_a_n_fkey" refers to what changes.
--   ALTER TABLE public.a ADD COLUMN n_new bigint;
--   UPDATE public.a SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

ALTER TABLE public.a
  ALTER COLUMN id TYPE text,
  ALTER COLUMN n TYPE bigint;
