-- REWRITES public.orders: the type of "Code" changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS "Sales"."Customers": nobody reads or writes it meanwhile either, for the foreign key code_fk refers to it.
-- Fails if a value of "Code" does not fit into integer; such rows:
--   SELECT * FROM public.orders WHERE "Code" NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.orders ALTER COLUMN "Code" TYPE integer;
