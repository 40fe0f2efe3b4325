-- Drop "old" table
-- Destroys table public.old with its data.
DROP TABLE "public"."old";
