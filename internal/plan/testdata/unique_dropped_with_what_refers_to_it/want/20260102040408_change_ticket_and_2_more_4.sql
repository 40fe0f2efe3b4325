-- Drop "ticket" table
-- Destroys table public.ticket with its data.
DROP TABLE "public"."ticket";
