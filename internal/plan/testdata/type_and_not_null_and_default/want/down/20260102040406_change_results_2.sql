-- REWRITES public.results: the type of duration changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.results
  ALTER COLUMN duration DROP DEFAULT,
  ALTER COLUMN duration TYPE integer;
