-- atlas:txmode none

-- REWRITES public.runs: the type of name changes from character varying(20) to character varying(10), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of name does not fit into character varying(10); such rows:
--   SELECT * FROM public.runs WHERE length(rtrim(name::text, ' ')) > 10;

-- From now on nobody writes a NULL into name; what is there already is looked at later.
ALTER TABLE public.runs ADD CONSTRAINT runs_name_not_null CHECK (name IS NOT NULL) NOT VALID;

-- Reads the whole table and blocks nobody; fails if there is a NULL in name.
ALTER TABLE public.runs VALIDATE CONSTRAINT runs_name_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.runs ALTER COLUMN name SET NOT NULL;

ALTER TABLE public.runs DROP CONSTRAINT runs_name_not_null;

COMMENT ON COLUMN public.runs.name IS NULL;

ALTER TABLE public.runs
  ALTER COLUMN name TYPE character varying(10),
  ALTER COLUMN name SET DEFAULT 'x'::character varying,
  DROP CONSTRAINT runs_n_not_null;
