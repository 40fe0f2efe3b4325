ALTER TABLE "App Data"."Test Runs"
  DROP CONSTRAINT "Old_new",
  DROP COLUMN "order";
