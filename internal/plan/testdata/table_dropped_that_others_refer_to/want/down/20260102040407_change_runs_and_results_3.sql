-- Reverse: drop "runs" table
-- The data of table public.runs does not come back.
CREATE TABLE "public"."runs" (
  "id" integer NOT NULL,
  "part" integer NOT NULL,
  PRIMARY KEY ("id", "part")
);
