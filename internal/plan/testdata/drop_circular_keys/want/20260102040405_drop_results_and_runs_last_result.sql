-- Modify "runs" table
ALTER TABLE "public"."runs" DROP CONSTRAINT "runs_last_result_fkey";

-- Modify "runs" table
-- Destroys column public.runs.last_result with its data.
ALTER TABLE "public"."runs" DROP COLUMN "last_result";

-- Drop "results" table
-- Destroys table public.results with its data.
DROP TABLE "public"."results";
