-- Drop "gone" table
-- Destroys table public.gone with its data.
DROP TABLE "public"."gone";
