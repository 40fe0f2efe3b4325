-- Create index "ix_results_source" to table: "results"
CREATE INDEX "ix_results_source" ON "public"."results" ("source");
