-- REWRITES public.runs: what is computed is made anew, total, "Upper".
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: "runs_Upper_key", total_check, ix_big, ix_gone, ix_lower, ix_total.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.runs: the type of passed changes from bigint to integer, which writes every row and every index anew.
-- Fails if a value of passed does not fit into integer; such rows:
--   SELECT * FROM public.runs WHERE passed NOT BETWEEN -2147483648 AND 2147483647;
-- REWRITES public.runs: the type of failed changes from bigint to integer, which writes every row and every index anew.
-- Fails if a value of failed does not fit into integer; such rows:
--   SELECT * FROM public.runs WHERE failed NOT BETWEEN -2147483648 AND 2147483647;
-- REWRITES public.runs: the type of name changes from character varying(40) to character varying(20), which writes every row and every index anew.
-- Fails if a value of name does not fit into character varying(20); such rows:
--   SELECT * FROM public.runs WHERE length(rtrim(name::text, ' ')) > 20;

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.runs
  DROP COLUMN total,
  DROP COLUMN "Upper",
  ALTER COLUMN name TYPE character varying(20),
  ALTER COLUMN failed TYPE integer,
  ALTER COLUMN passed TYPE integer,
  ADD COLUMN total integer GENERATED ALWAYS AS ((passed + failed)) STORED NOT NULL,
  ADD COLUMN "Upper" text GENERATED ALWAYS AS (upper((name)::text)) STORED,
  ADD CONSTRAINT "runs_Upper_key" UNIQUE ("Upper") INCLUDE (total),
  ADD CONSTRAINT total_check CHECK ((total >= 0));

COMMENT ON COLUMN public.runs.total IS 'of all';

CREATE INDEX ix_big ON public.runs (id) WHERE (total > 1000);

CREATE INDEX ix_gone ON public.runs (total);

CREATE INDEX ix_lower ON public.runs (lower("Upper"));

CREATE INDEX ix_total ON public.runs (total);

COMMENT ON INDEX public.ix_total IS 'why';

-- The planner knows nothing about an expression's values yet.
ANALYZE public.runs;
