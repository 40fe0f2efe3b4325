-- REWRITES public.orders: the type of amount changes from integer to numeric(12,2), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.orders ADD COLUMN amount_new numeric(12,2);
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.orders SET amount_new = amount WHERE ...;
-- let it read amount_new, and drop amount when nobody uses it any more.

ALTER TABLE public.orders ALTER COLUMN amount TYPE numeric(12,2);
