-- Modify "runs" table
ALTER TABLE "public"."runs" DROP CONSTRAINT "runs_last_result_fkey";

-- Modify "runs" table
ALTER TABLE "public"."runs" DROP COLUMN "last_result";

-- Drop "results" table
DROP TABLE "public"."results";
