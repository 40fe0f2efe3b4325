-- REWRITES public.p: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Under the same lock these are built anew: ix_m.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- REWRITES public.p: the type of a_id changes from integer to text, which writes every row and every index anew.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.p ADD COLUMN a_id_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.p SET a_id_new = a_id WHERE ...;
-- let it read a_id_new, and drop a_id when nobody uses it any more.
-- REWRITES public.p: the type of n changes from integer to bigint, which writes every row and every index anew.
--   ALTER TABLE public.p ADD COLUMN n_new bigint;
--   UPDATE public.p SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.p
  DROP COLUMN m,
  ALTER COLUMN a_id TYPE text,
  ALTER COLUMN n TYPE bigint,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 2)) STORED;

CREATE INDEX ix_m ON public.p (m);
