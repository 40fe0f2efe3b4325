-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY results_pkey_new ON public.results (id, n);

ALTER TABLE public.results DROP CONSTRAINT results_pkey, ADD CONSTRAINT results_pkey PRIMARY KEY USING INDEX results_pkey_new;
