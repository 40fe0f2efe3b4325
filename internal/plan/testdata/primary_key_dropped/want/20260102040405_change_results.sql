ALTER TABLE public.results
  DROP CONSTRAINT results_pkey,
  ALTER COLUMN id DROP NOT NULL;
