ALTER TABLE public.events
  DROP CONSTRAINT kinded,
  DROP CONSTRAINT events_kind_not_null;
