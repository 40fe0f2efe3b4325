-- From now on nobody writes a NULL into duration; what is there already is looked at later.
ALTER TABLE public.results
  ALTER COLUMN duration SET DEFAULT nextval('public.results_duration_seq'::regclass),
  ADD CONSTRAINT results_duration_not_null CHECK (duration IS NOT NULL) NOT VALID;
