-- REWRITES public.results: the type of source changes from jsonb to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public.results: the type of duration changes from text to integer, which writes every row and every index anew.
-- Fails if a value of duration does not fit into integer; such rows:
--   SELECT * FROM public.results WHERE CASE WHEN duration ~ '^\s*[-+]?[0-9]+\s*$' THEN duration::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE duration IS NOT NULL END;

ALTER TABLE public.results
  ALTER COLUMN duration TYPE integer USING duration::integer,
  ALTER COLUMN source TYPE text;
