-- Reverse: modify "results" table
ALTER TABLE "public"."results" DROP CONSTRAINT "results_run_id_fkey";

-- Reverse: modify "runs" table
ALTER TABLE "public"."runs" DROP CONSTRAINT "runs_last_result_fkey";

-- Reverse: create "results" table
DROP TABLE "public"."results";

-- Reverse: modify "runs" table
ALTER TABLE "public"."runs" DROP COLUMN "last_result";
