-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in n.
ALTER TABLE public.runs VALIDATE CONSTRAINT runs_n_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.runs ALTER COLUMN n SET NOT NULL;

ALTER TABLE public.runs DROP CONSTRAINT runs_n_not_null;
