-- Reverse: create index "ix_results_flaky" to table: "results"
DROP INDEX "public"."ix_results_flaky";

-- Reverse: modify "results" table
ALTER TABLE "public"."results" DROP COLUMN "flaky";
