-- Modify "results" table
ALTER TABLE "public"."results" ADD COLUMN "flaky" boolean NULL;

-- Create index "ix_results_flaky" to table: "results"
CREATE INDEX "ix_results_flaky" ON "public"."results" ("flaky");
