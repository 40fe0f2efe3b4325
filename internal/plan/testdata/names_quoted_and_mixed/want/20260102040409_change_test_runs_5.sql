-- The new one is valid: it takes the place of the old one.
ALTER TABLE "App Data"."Test Runs" DROP CONSTRAINT "Old";

ALTER TABLE "App Data"."Test Runs" RENAME CONSTRAINT "Old_new" TO "Old";
