-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT source_not_empty CHECK ((source <> ''::text)) NOT VALID;
