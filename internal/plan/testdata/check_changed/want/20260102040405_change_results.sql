-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT long_new CHECK ((duration >= 0)) NOT VALID;
