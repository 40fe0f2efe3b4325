-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT both_new CHECK ((source <> ''::text)) NOT VALID;
