ALTER TABLE public.results DROP CONSTRAINT results_source_key;
