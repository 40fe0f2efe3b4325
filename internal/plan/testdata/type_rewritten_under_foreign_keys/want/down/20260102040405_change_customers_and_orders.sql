-- REWRITES "Sales"."Customers": the type of code changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS public.orders: nobody reads or writes it meanwhile either, for its foreign key code_fk refers to what changes.

ALTER TABLE "Sales"."Customers" ALTER COLUMN code TYPE integer;
