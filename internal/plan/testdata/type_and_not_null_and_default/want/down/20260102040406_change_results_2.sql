-- REWRITES public.results: the type of duration changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of duration does not fit into integer; such rows:
--   SELECT * FROM public.results WHERE duration NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.results
  ALTER COLUMN duration DROP DEFAULT,
  ALTER COLUMN duration TYPE integer;
