-- REWRITES public.runs: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.runs
  ALTER COLUMN n DROP DEFAULT,
  ALTER COLUMN n TYPE integer;
