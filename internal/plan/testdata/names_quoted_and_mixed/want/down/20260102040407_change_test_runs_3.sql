ALTER TABLE "App Data"."Test Runs"
  DROP CONSTRAINT "Old_new",
  ADD CONSTRAINT "Old_new" CHECK (("Ünï" > 1)) NOT VALID,
  ALTER COLUMN "order" DROP NOT NULL;
