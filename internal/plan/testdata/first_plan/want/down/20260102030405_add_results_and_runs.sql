-- Reverse: create index "ix_results_flaky" to table: "results"
DROP INDEX "public"."ix_results_flaky";

-- Reverse: create "results" table
DROP TABLE "public"."results";

-- Reverse: create "runs" table
DROP TABLE "public"."runs";
