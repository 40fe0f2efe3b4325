ALTER TABLE public.results
  ADD CONSTRAINT results_duration_not_null CHECK (duration IS NOT NULL) NOT VALID,
  ALTER COLUMN duration DROP NOT NULL;
