-- REWRITES public."B": the type of id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public."B": the type of a_id changes from text to integer, which writes every row and every index anew.
-- REWRITES public."B": the type of a_n changes from bigint to integer, which writes every row and every index anew.
-- BLOCKS public.a: nobody reads or writes it meanwhile either, for the foreign key "B_a_n_fkey" refers to it.
-- REWRITES public."B": the type of other changes from text to integer, which writes every row and every index anew.

ALTER TABLE public."B"
  ALTER COLUMN other TYPE integer USING other::integer,
  ALTER COLUMN a_n TYPE integer,
  ALTER COLUMN a_id TYPE integer USING a_id::integer,
  ALTER COLUMN id TYPE integer USING id::integer;
