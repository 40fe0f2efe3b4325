-- REWRITES public.t: the values of m are computed again.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, add a column with the new expression under another name instead,
-- let the application read that, and drop m when nobody uses it any more.

ALTER TABLE public.t
  DROP COLUMN m,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 3)) STORED NOT NULL;
