-- atlas:txmode none

-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.a_id_seq OWNED BY NONE;

-- Drop "a" table
-- Destroys table public.a with its data.
DROP TABLE "public"."a";
