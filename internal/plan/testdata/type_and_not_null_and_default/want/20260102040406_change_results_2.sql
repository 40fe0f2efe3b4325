-- REWRITES public.results: the type of duration changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.results ADD COLUMN duration_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.results SET duration_new = duration WHERE ...;
-- let it read duration_new, and drop duration when nobody uses it any more.

ALTER TABLE public.results
  ALTER COLUMN duration TYPE bigint,
  ALTER COLUMN duration SET DEFAULT 0;
