-- REWRITES public."B": the type of id changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public."B" ADD COLUMN id_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public."B" SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.
-- REWRITES public."B": the type of a_id changes from integer to text, which writes every row and every index anew.
--   ALTER TABLE public."B" ADD COLUMN a_id_new text;
--   UPDATE public."B" SET a_id_new = a_id WHERE ...;
-- let it read a_id_new, and drop a_id when nobody uses it any more.
-- REWRITES public."B": the type of a_n changes from integer to bigint, which writes every row and every index anew.
-- BLOCKS public.a: nobody reads or writes it meanwhile either, for the foreign key "B_a_n_fkey" refers to it.
--   ALTER TABLE public."B" ADD COLUMN a_n_new bigint;
--   UPDATE public."B" SET a_n_new = a_n WHERE ...;
-- let it read a_n_new, and drop a_n when nobody uses it any more.
-- REWRITES public."B": the type of other changes from integer to text, which writes every row and every index anew.
--   ALTER TABLE public."B" ADD COLUMN other_new text;
--   UPDATE public."B" SET other_new = other WHERE ...;
-- let it read other_new, and drop other when nobody uses it any more.

ALTER TABLE public."B"
  ALTER COLUMN id TYPE text,
  ALTER COLUMN a_id TYPE text,
  ALTER COLUMN a_n TYPE bigint,
  ALTER COLUMN other TYPE text;
