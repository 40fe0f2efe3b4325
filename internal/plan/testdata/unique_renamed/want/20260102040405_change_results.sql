ALTER TABLE public.results RENAME CONSTRAINT results_source_key TO "one source";
