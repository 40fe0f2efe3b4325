-- REWRITES public.t: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE n NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.t ALTER COLUMN n TYPE integer;
