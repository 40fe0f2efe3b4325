ALTER TABLE public.results DROP CONSTRAINT results_duration_not_null;
