-- REWRITES public.orders: the type of amount changes from numeric(12,2) to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.orders ALTER COLUMN amount TYPE integer;
