-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in id.
ALTER TABLE public.t VALIDATE CONSTRAINT t_id_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.t ALTER COLUMN id SET NOT NULL;

ALTER TABLE public.t DROP CONSTRAINT t_id_not_null;
