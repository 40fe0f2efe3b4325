-- Reverse: drop "people" table
-- The data of table public.people does not come back.
CREATE TABLE "public"."people" (
  "mood" "public"."mood" NULL
);
