-- Modify "other" table
ALTER TABLE "public"."other"
  DROP CONSTRAINT "pk_other",
  ADD CONSTRAINT "other PK" PRIMARY KEY ("id", "n");

-- Create "new" table
CREATE TABLE "public"."new" (
  "id" uuid NOT NULL,
  CONSTRAINT "pk_new" PRIMARY KEY ("id")
);

-- Drop "old" table
-- Destroys table public.old with its data.
DROP TABLE "public"."old";

-- Rename the primary key of table: "runs"
ALTER TABLE "public"."runs" RENAME CONSTRAINT "pk_runs" TO "runs_pkey";
