-- From now on nobody writes a NULL into n; what is there already is looked at later.
ALTER TABLE public.runs
  ADD CONSTRAINT runs_n_not_null CHECK (n IS NOT NULL) NOT VALID,
  ALTER COLUMN name DROP DEFAULT,
  ALTER COLUMN name TYPE character varying(20);

COMMENT ON COLUMN public.runs.name IS 'it''s a name';

ALTER TABLE public.runs ALTER COLUMN name DROP NOT NULL;
