-- atlas:txmode none

-- Modify "seat" table
ALTER TABLE "public"."seat"
  DROP CONSTRAINT "seat_hall",
  DROP CONSTRAINT "seat_ticket";

-- Modify "ticket" table
ALTER TABLE "public"."ticket" DROP CONSTRAINT "ticket_of_seat";

-- Drop "seat" table
-- Destroys table public.seat with its data.
DROP TABLE "public"."seat";

-- Drop "ticket" table
-- Destroys table public.ticket with its data.
DROP TABLE "public"."ticket";
