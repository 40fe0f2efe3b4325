-- Reverse: drop "results" table
-- The data of table public.results does not come back.
CREATE TABLE "public"."results" (
  "id" uuid NOT NULL,
  "run_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);

-- Reverse: modify "runs" table
-- The data of column public.runs.last_result does not come back.
ALTER TABLE "public"."runs" ADD COLUMN "last_result" uuid NULL;

-- Reverse: modify "runs" table
ALTER TABLE "public"."runs" ADD CONSTRAINT "runs_last_result_fkey" FOREIGN KEY ("last_result") REFERENCES "public"."results" ("id");
