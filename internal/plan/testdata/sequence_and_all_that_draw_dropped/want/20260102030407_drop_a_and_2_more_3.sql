-- atlas:txmode none

-- Drop "a" table
-- Destroys table public.a with its data.
DROP TABLE "public"."a";

-- Drop "b" table
-- Destroys table public.b with its data.
DROP TABLE "public"."b";
