-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY runs_name_key ON public.runs (name);

ALTER TABLE public.runs ADD CONSTRAINT runs_name_key UNIQUE USING INDEX runs_name_key;
