-- REWRITES public.t: the values of m are computed again.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.t
  DROP COLUMN m,
  ADD COLUMN m integer GENERATED ALWAYS AS ((n * 2)) STORED NOT NULL;
