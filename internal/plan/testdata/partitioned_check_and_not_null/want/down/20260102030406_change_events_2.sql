ALTER TABLE public.events
  DROP CONSTRAINT kinded,
  ADD CONSTRAINT kinded CHECK ((kind <> ''::text)) NOT VALID,
  ADD CONSTRAINT events_kind_not_null CHECK (kind IS NOT NULL) NOT VALID,
  ALTER COLUMN kind DROP NOT NULL;
