-- atlas:txmode none

-- The schema file does not declare this sequence: it stays.
ALTER SEQUENCE public.order_no OWNED BY NONE;

-- Drop "t" table
-- Destroys table public.t with its data.
DROP TABLE "public"."t";
