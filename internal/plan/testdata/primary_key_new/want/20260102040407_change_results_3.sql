-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY results_pkey ON public.results (id);

ALTER TABLE public.results ADD CONSTRAINT results_pkey PRIMARY KEY USING INDEX results_pkey;
