-- REWRITES public.results: the type of source changes from jsonb to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public.results: the type of duration changes from text to integer, which writes every row and every index anew.

ALTER TABLE public.results
  ALTER COLUMN duration TYPE integer USING duration::integer,
  ALTER COLUMN source TYPE text;
