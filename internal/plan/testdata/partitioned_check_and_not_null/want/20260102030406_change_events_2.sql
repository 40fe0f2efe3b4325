-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in kind.
ALTER TABLE public.events VALIDATE CONSTRAINT events_kind_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.events ALTER COLUMN kind SET NOT NULL;

ALTER TABLE public.events DROP CONSTRAINT events_kind_not_null;

-- Reads the whole table and blocks nobody; fails if a row is against kinded.
ALTER TABLE public.events VALIDATE CONSTRAINT kinded;
