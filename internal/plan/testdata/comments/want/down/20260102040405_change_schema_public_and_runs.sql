-- Reverse: set comment to table: "runs"
COMMENT ON TABLE "public"."runs" IS NULL;

-- Reverse: set comment to column: "id" on table: "runs"
COMMENT ON COLUMN "public"."runs"."id" IS NULL;

-- Reverse: set comment to schema: "public"
COMMENT ON SCHEMA "public" IS 'standard public schema';
