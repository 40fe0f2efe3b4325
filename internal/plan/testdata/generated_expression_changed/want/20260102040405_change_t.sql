-- REWRITES public.t: what is computed is made anew, m.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- To keep the application running, add a column with the new expression under another name instead,
-- let the application read that, and drop m when nobody uses it any more.

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN m,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 3)) STORED NOT NULL;
