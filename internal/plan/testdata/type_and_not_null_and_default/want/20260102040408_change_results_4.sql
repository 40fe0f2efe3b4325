-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in duration.
ALTER TABLE public.results VALIDATE CONSTRAINT results_duration_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.results ALTER COLUMN duration SET NOT NULL;

ALTER TABLE public.results DROP CONSTRAINT results_duration_not_null;
