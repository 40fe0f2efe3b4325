-- atlas:txmode none

ALTER TABLE "App Data"."Test Runs" RENAME CONSTRAINT "Old" TO "Old_new";

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE "App Data"."Test Runs" ADD CONSTRAINT "Old" CHECK (("Ünï" > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against "Old".
ALTER TABLE "App Data"."Test Runs" VALIDATE CONSTRAINT "Old";
