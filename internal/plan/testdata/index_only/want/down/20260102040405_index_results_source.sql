-- Reverse: create index "ix_results_source" to table: "results"
DROP INDEX "public"."ix_results_source";
