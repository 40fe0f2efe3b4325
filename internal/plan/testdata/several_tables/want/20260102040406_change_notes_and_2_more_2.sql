-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT long CHECK ((duration > 0)) NOT VALID;
