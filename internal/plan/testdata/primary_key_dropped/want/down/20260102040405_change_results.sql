-- atlas:txmode none

-- From now on nobody writes a NULL into id; what is there already is looked at later.
ALTER TABLE public.results ADD CONSTRAINT results_id_not_null CHECK (id IS NOT NULL) NOT VALID;

-- Reads the whole table and blocks nobody; fails if there is a NULL in id.
ALTER TABLE public.results VALIDATE CONSTRAINT results_id_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.results ALTER COLUMN id SET NOT NULL;

ALTER TABLE public.results DROP CONSTRAINT results_id_not_null;

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY results_pkey ON public.results (id);

ALTER TABLE public.results ADD CONSTRAINT results_pkey PRIMARY KEY USING INDEX results_pkey;
