-- atlas:txmode none

ALTER TABLE public.results RENAME CONSTRAINT long TO long_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT long CHECK ((duration > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against long.
ALTER TABLE public.results VALIDATE CONSTRAINT long;
