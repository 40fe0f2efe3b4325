-- Set comment to schema: "public"
COMMENT ON SCHEMA "public" IS 'ours';

-- Set comment to column: "id" on table: "runs"
COMMENT ON COLUMN "public"."runs"."id" IS 'made by the application';

-- Set comment to table: "runs"
COMMENT ON TABLE "public"."runs" IS 'A test run';
