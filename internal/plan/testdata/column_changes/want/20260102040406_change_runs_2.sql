-- REWRITES public.runs: the type of n changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.runs ADD COLUMN n_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.runs SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

ALTER TABLE public.runs
  ALTER COLUMN n TYPE bigint,
  ALTER COLUMN n SET DEFAULT 0;
