-- REWRITES public.t: the values of m are computed again.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.t ALTER COLUMN m SET EXPRESSION AS ((n * 2));
