-- REWRITES public.t: the type of code changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.t ALTER COLUMN code TYPE text;
