-- REWRITES "Sales"."Customers": the type of code changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS public.orders: nobody reads or writes it meanwhile either, for its foreign key code_fk refers to what changes.
-- Fails if a value of code does not fit into integer; such rows:
--   SELECT * FROM "Sales"."Customers" WHERE code NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE "Sales"."Customers" ALTER COLUMN code TYPE integer;
