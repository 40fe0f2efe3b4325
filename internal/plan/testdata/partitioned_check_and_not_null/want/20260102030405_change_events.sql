-- From now on nobody writes a NULL into kind; what is there already is looked at later.
-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.events
  ADD CONSTRAINT events_kind_not_null CHECK (kind IS NOT NULL) NOT VALID,
  ADD CONSTRAINT kinded CHECK ((kind <> ''::text)) NOT VALID;
