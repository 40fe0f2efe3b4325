-- Reverse: create index "ix_runs_summary" to table: "runs"
DROP INDEX "public"."ix_runs_summary";

-- Reverse: create index "ix_runs_pass_percent" to table: "runs"
DROP INDEX "public"."ix_runs_pass_percent";
