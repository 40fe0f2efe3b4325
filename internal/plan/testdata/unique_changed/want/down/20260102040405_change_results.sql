-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY results_source_key_new ON public.results (source);

ALTER TABLE public.results DROP CONSTRAINT results_source_key, ADD CONSTRAINT results_source_key UNIQUE USING INDEX results_source_key_new;
