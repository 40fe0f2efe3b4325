-- Drop "rooms" table
-- Destroys table public.rooms with its data.
DROP TABLE "public"."rooms";
