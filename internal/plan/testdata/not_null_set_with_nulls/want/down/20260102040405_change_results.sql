ALTER TABLE public.results DROP CONSTRAINT results_source_not_null;
