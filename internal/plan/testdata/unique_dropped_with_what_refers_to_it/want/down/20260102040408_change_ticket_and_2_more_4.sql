-- Reverse: drop "ticket" table
-- The data of table public.ticket does not come back.
CREATE TABLE "public"."ticket" (
  "id" integer NOT NULL,
  "seat" integer NOT NULL,
  PRIMARY KEY ("id")
);
