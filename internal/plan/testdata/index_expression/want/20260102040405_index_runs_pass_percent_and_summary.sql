-- Create index "ix_runs_pass_percent" to table: "runs"
CREATE INDEX "ix_runs_pass_percent" ON "public"."runs" ((((summary ->> 'pass_percent'::text))::integer));

-- Create index "ix_runs_summary" to table: "runs"
CREATE INDEX "ix_runs_summary" ON "public"."runs" USING gin ("summary") WHERE (summary IS NOT NULL);
