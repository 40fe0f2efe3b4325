-- REWRITES public.t: what is computed is made anew, twice, lower.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.t: the type of n changes from integer to bigint, which writes every row and every index anew.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN n_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN twice,
  DROP COLUMN lower,
  ALTER COLUMN n TYPE bigint,
  ALTER COLUMN name TYPE text,
  ADD COLUMN twice bigint GENERATED ALWAYS AS ((n * 2)) STORED,
  ADD COLUMN lower text GENERATED ALWAYS AS (lower(name)) STORED;
