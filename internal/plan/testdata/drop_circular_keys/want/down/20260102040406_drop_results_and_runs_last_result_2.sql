-- Reverse: drop "results" table
-- The data of table public.results does not come back.
CREATE TABLE "public"."results" (
  "id" uuid NOT NULL,
  "run_id" uuid NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);
