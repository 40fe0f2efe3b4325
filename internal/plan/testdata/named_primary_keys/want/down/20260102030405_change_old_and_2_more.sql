-- Reverse: rename the primary key of table: "runs"
ALTER TABLE "public"."runs" RENAME CONSTRAINT "runs_pkey" TO "pk_runs";

-- Reverse: drop "old" table
-- The data of table public.old does not come back.
CREATE TABLE "public"."old" (
  "id" uuid NOT NULL,
  CONSTRAINT "pk_old" PRIMARY KEY ("id")
);

-- Reverse: create "new" table
DROP TABLE "public"."new";

-- Reverse: modify "other" table
ALTER TABLE "public"."other"
  DROP CONSTRAINT "other PK",
  ADD CONSTRAINT "pk_other" PRIMARY KEY ("id");
