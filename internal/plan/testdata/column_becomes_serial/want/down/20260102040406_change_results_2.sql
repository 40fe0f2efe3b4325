ALTER TABLE public.results
  DROP CONSTRAINT results_duration_not_null,
  ALTER COLUMN duration DROP DEFAULT;
