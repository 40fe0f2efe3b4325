-- Reverse: set comment to column: "name" on table: "runs"
COMMENT ON COLUMN "public"."runs"."name" IS NULL;

-- Reverse: modify "runs" table
ALTER TABLE "public"."runs"
  ALTER COLUMN "name" TYPE character varying(10),
  ALTER COLUMN "name" SET NOT NULL,
  ALTER COLUMN "name" SET DEFAULT 'x',
  ALTER COLUMN "n" TYPE integer,
  ALTER COLUMN "n" DROP NOT NULL,
  ALTER COLUMN "n" DROP DEFAULT;
