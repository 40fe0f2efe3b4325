-- The key is valid at once: there is nothing to check in a column without values.
-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.t
  ADD COLUMN parent integer CONSTRAINT t_parent REFERENCES public.t(id) ON UPDATE CASCADE ON DELETE SET NULL,
  ADD CONSTRAINT t_check CHECK ((id <> parent)) NOT VALID;
