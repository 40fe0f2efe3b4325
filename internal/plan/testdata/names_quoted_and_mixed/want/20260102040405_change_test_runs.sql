-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE "App Data"."Test Runs" ADD COLUMN "order" uuid;

ALTER TABLE "App Data"."Test Runs" ALTER COLUMN "order" SET DEFAULT gen_random_uuid();

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE "App Data"."Test Runs" ADD CONSTRAINT "Old_new" CHECK (("Ünï" > 1)) NOT VALID;
