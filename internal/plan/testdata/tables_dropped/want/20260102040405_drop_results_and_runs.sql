-- atlas:txmode none

-- Drop "results" table
-- Destroys table public.results with its data.
DROP TABLE "public"."results";

-- Drop "runs" table
-- Destroys table public.runs with its data.
DROP TABLE "public"."runs";
