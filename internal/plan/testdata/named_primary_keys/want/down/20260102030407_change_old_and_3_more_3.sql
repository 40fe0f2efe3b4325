-- Reverse: drop "old" table
-- The data of table public.old does not come back.
CREATE TABLE "public"."old" (
  "id" uuid NOT NULL,
  CONSTRAINT "pk_old" PRIMARY KEY ("id")
);
