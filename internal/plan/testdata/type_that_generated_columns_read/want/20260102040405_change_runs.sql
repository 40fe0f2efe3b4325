-- REWRITES public.runs: what is computed is made anew, total, "Upper".
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: "runs_Upper_key", total_check, ix_big, ix_lower, ix_total.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.runs: the type of passed changes from integer to bigint, which writes every row and every index anew.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.runs ADD COLUMN passed_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.runs SET passed_new = passed WHERE ...;
-- let it read passed_new, and drop passed when nobody uses it any more.
-- REWRITES public.runs: the type of failed changes from integer to bigint, which writes every row and every index anew.
--   ALTER TABLE public.runs ADD COLUMN failed_new bigint;
--   UPDATE public.runs SET failed_new = failed WHERE ...;
-- let it read failed_new, and drop failed when nobody uses it any more.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.runs
  DROP COLUMN total,
  DROP COLUMN "Upper",
  ALTER COLUMN passed TYPE bigint,
  ALTER COLUMN failed TYPE bigint,
  ALTER COLUMN name TYPE character varying(40),
  ADD COLUMN total bigint GENERATED ALWAYS AS ((passed + failed)) STORED NOT NULL,
  ADD COLUMN "Upper" text GENERATED ALWAYS AS (upper((name)::text)) STORED,
  ADD CONSTRAINT "runs_Upper_key" UNIQUE ("Upper") INCLUDE (total),
  ADD CONSTRAINT total_check CHECK ((total >= 0));

COMMENT ON COLUMN public.runs.total IS 'of all';

CREATE INDEX ix_big ON public.runs (id) WHERE (total > 2000);

CREATE INDEX ix_lower ON public.runs (lower("Upper"));

CREATE INDEX ix_total ON public.runs (total);

COMMENT ON INDEX public.ix_total IS 'why';
