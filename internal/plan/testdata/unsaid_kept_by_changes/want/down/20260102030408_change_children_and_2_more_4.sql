-- atlas:txmode none

ALTER TABLE public.children RENAME CONSTRAINT to_parent TO to_parent_new;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.children ADD CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES public.parents(id) DEFERRABLE INITIALLY DEFERRED NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against to_parent.
ALTER TABLE public.children VALIDATE CONSTRAINT to_parent;
