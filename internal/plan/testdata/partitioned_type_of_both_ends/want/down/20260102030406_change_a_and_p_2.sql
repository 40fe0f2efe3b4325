-- REWRITES public.p: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: ix_m.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.p: the type of a_id changes from text to integer, which writes every row and every index anew.
-- Fails if a value of a_id does not fit into integer; such rows:
--   SELECT * FROM public.p WHERE CASE WHEN a_id ~ '^\s*[-+]?[0-9]+\s*$' THEN a_id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE a_id IS NOT NULL END;
-- REWRITES public.p: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.p WHERE n NOT BETWEEN -2147483648 AND 2147483647;

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.p
  DROP COLUMN m,
  ALTER COLUMN n TYPE integer,
  ALTER COLUMN a_id TYPE integer USING a_id::integer,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 2)) STORED;

CREATE INDEX ix_m ON public.p (m);
