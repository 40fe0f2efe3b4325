-- The index is there already.
ALTER TABLE public.results ADD CONSTRAINT results_source_key UNIQUE USING INDEX results_source_key;
