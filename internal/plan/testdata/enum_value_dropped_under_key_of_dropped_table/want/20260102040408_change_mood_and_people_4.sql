-- Drop "people" table
-- Destroys table public.people with its data.
DROP TABLE "public"."people";
