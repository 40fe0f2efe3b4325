-- REWRITES public.orders: the type of amount changes from numeric(12,2) to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Loses without an error the fractions of amount.
-- Fails if a value of amount does not fit into integer; such rows:
--   SELECT * FROM public.orders WHERE round(amount) NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.orders ALTER COLUMN amount TYPE integer;
