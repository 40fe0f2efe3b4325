-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in "select".
ALTER TABLE "My App"."It's t" VALIDATE CONSTRAINT "It's t_select_not_null";

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE "My App"."It's t" ALTER COLUMN "select" SET NOT NULL;

ALTER TABLE "My App"."It's t" DROP CONSTRAINT "It's t_select_not_null";
