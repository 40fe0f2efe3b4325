-- Modify "runs" table
ALTER TABLE "public"."runs"
  ALTER COLUMN "n" TYPE bigint,
  ALTER COLUMN "n" SET NOT NULL,
  ALTER COLUMN "n" SET DEFAULT 0,
  ALTER COLUMN "name" TYPE character varying(20),
  ALTER COLUMN "name" DROP NOT NULL,
  ALTER COLUMN "name" DROP DEFAULT;

-- Set comment to column: "name" on table: "runs"
COMMENT ON COLUMN "public"."runs"."name" IS 'it''s a name';
