-- Modify "runs" table
ALTER TABLE "public"."runs" ADD COLUMN "last_result" uuid NULL;

-- Create "results" table
CREATE TABLE "public"."results" (
  "id" uuid NOT NULL,
  "run_id" uuid NULL,
  PRIMARY KEY ("id")
);

-- Modify "runs" table
ALTER TABLE "public"."runs" ADD CONSTRAINT "runs_last_result_fkey" FOREIGN KEY ("last_result") REFERENCES "public"."results" ("id");

-- Modify "results" table
ALTER TABLE "public"."results" ADD CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id");
