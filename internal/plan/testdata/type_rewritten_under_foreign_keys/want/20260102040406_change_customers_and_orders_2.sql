-- REWRITES public.orders: the type of "Code" changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS "Sales"."Customers": nobody reads or writes it meanwhile either, for the foreign key code_fk refers to it.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.orders ADD COLUMN "Code_new" bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.orders SET "Code_new" = "Code" WHERE ...;
-- let it read "Code_new", and drop "Code" when nobody uses it any more.

ALTER TABLE public.orders ALTER COLUMN "Code" TYPE bigint;
