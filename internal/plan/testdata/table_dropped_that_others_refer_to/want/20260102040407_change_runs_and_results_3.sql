-- Drop "runs" table
-- Destroys table public.runs with its data.
DROP TABLE "public"."runs";
