ALTER TABLE public.results
  ADD CONSTRAINT results_source_not_null CHECK (source IS NOT NULL) NOT VALID,
  ALTER COLUMN source DROP NOT NULL;
