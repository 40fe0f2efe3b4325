-- REWRITES public.results: the type of mood changes from public.mood to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.results
  ALTER COLUMN mood DROP DEFAULT,
  ALTER COLUMN mood TYPE text,
  ALTER COLUMN mood SET DEFAULT 'ok'::text;
