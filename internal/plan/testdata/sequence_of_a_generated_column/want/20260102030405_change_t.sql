-- REWRITES public.t: what is computed is made anew, twice.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- The table's columns have another order then: SELECT * and an INSERT without a list of columns see it.
-- To keep the application running, add a column with the new expression under another name instead,
-- let the application read that, and drop twice when nobody uses it any more.

-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.order_no OWNED BY NONE;

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN twice,
  ADD COLUMN twice integer GENERATED ALWAYS AS ((a * 3)) STORED;

ALTER SEQUENCE public.order_no OWNED BY public.t.twice;
