-- Drop "results" table
-- Destroys table public.results with its data.
DROP TABLE "public"."results";
