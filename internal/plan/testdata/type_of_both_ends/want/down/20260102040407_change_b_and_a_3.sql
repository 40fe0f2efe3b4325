-- REWRITES public.a: the type of id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public.a: the type of n changes from bigint to integer, which writes every row and every index anew.
-- BLOCKS public."B": nobody reads or writes it meanwhile either, for its foreign key "B_a_n_fkey" refers to what changes.

ALTER TABLE public.a
  ALTER COLUMN n TYPE integer,
  ALTER COLUMN id TYPE integer USING id::integer;
