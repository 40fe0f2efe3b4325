-- atlas:txmode none

-- From now on nobody writes a NULL into n; what is there already is looked at later.
ALTER TABLE public.a ADD CONSTRAINT a_n_not_null CHECK (n IS NOT NULL) NOT VALID;

-- Reads the whole table and blocks nobody; fails if there is a NULL in n.
ALTER TABLE public.a VALIDATE CONSTRAINT a_n_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.a ALTER COLUMN n SET NOT NULL;

ALTER TABLE public.a DROP CONSTRAINT a_n_not_null;

-- From now on nobody writes a NULL into n; what is there already is looked at later.
ALTER TABLE public.b ADD CONSTRAINT b_n_not_null CHECK (n IS NOT NULL) NOT VALID;

-- Reads the whole table and blocks nobody; fails if there is a NULL in n.
ALTER TABLE public.b VALIDATE CONSTRAINT b_n_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.b ALTER COLUMN n SET NOT NULL;

ALTER TABLE public.b DROP CONSTRAINT b_n_not_null;
