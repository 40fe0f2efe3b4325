-- atlas:txmode none

-- From now on nobody writes a NULL into "order"; what is there already is looked at later.
ALTER TABLE "App Data"."Test Runs" ADD CONSTRAINT "Test Runs_order_not_null" CHECK ("order" IS NOT NULL) NOT VALID;

-- Reads the whole table and blocks nobody; fails if there is a NULL in "order".
ALTER TABLE "App Data"."Test Runs" VALIDATE CONSTRAINT "Test Runs_order_not_null";

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE "App Data"."Test Runs" ALTER COLUMN "order" SET NOT NULL;

ALTER TABLE "App Data"."Test Runs" DROP CONSTRAINT "Test Runs_order_not_null";

-- Reads the whole table and blocks nobody; fails if a row is against "Old_new".
ALTER TABLE "App Data"."Test Runs" VALIDATE CONSTRAINT "Old_new";
