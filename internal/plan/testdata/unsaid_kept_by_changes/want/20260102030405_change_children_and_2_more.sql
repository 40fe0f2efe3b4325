-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.children ADD CONSTRAINT to_parent_new FOREIGN KEY (parent) REFERENCES public.parents(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID;
