-- Create "runs" table
CREATE TABLE "public"."runs" (
  "id" uuid NOT NULL,
  "summary" jsonb NULL,
  PRIMARY KEY ("id")
);

-- Create "results" table
CREATE TABLE "public"."results" (
  "id" uuid NOT NULL,
  "run_id" uuid NULL,
  "flaky" boolean NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "results_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "public"."runs" ("id")
);

-- Create index "ix_results_flaky" to table: "results"
CREATE INDEX "ix_results_flaky" ON "public"."results" ("flaky");
