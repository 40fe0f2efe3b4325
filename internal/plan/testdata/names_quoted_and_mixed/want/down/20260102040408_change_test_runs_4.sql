-- atlas:txmode none

DROP INDEX CONCURRENTLY "App Data"."By select; --";

ALTER TABLE "App Data"."Test Runs" DROP CONSTRAINT "Uniq Ünï";
