-- REWRITES "Sales"."Customers": the type of code changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- BLOCKS public.orders: nobody reads or writes it meanwhile either, for its foreign key code_fk refers to what changes.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE "Sales"."Customers" ADD COLUMN code_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE "Sales"."Customers" SET code_new = code WHERE ...;
-- let it read code_new, and drop code when nobody uses it any more.

ALTER TABLE "Sales"."Customers" ALTER COLUMN code TYPE bigint;
