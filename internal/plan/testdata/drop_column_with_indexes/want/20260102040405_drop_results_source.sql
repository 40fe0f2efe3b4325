-- Drop index "ix_results_run_source" from table: "results"
DROP INDEX "public"."ix_results_run_source";

-- Drop index "ix_results_source" from table: "results"
DROP INDEX "public"."ix_results_source";

-- Modify "results" table
-- Destroys column public.results.source with its data.
ALTER TABLE "public"."results" DROP COLUMN "source";
