-- Reverse: drop "gone" table
-- The data of table public.gone does not come back.
CREATE TABLE "public"."gone" (
  "id" bigint NOT NULL,
  "a_id" bigint NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "gone_a" FOREIGN KEY ("a_id") REFERENCES "public"."a" ("id")
);
