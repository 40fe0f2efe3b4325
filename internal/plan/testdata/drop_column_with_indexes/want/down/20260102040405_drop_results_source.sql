-- Reverse: modify "results" table
-- The data of column public.results.source does not come back.
-- Column public.results.source had no NULLs and no default: this fails if the table has rows by then.
ALTER TABLE "public"."results" ADD COLUMN "source" text NOT NULL;

-- Reverse: drop index "ix_results_source" from table: "results"
CREATE INDEX "ix_results_source" ON "public"."results" ("source");

-- Reverse: drop index "ix_results_run_source" from table: "results"
CREATE INDEX "ix_results_run_source" ON "public"."results" ("run_id", "source");
