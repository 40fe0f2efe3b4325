-- Reverse: drop "ticket" table
-- The data of table public.ticket does not come back.
CREATE TABLE "public"."ticket" (
  "seat_id" integer NOT NULL,
  "seat_row" integer NOT NULL,
  CONSTRAINT "ticket_seat" UNIQUE ("seat_id", "seat_row")
);

ALTER TABLE "public"."ticket" ADD CONSTRAINT "ticket_seat_again" UNIQUE ("seat_id", "seat_row");

-- Reverse: drop "seat" table
-- The data of table public.seat does not come back.
CREATE TABLE "public"."seat" (
  "id" integer NOT NULL,
  "row" integer NOT NULL,
  "code" integer NULL,
  "beside" integer NULL,
  "hall_id" integer NOT NULL,
  CONSTRAINT "the seat" PRIMARY KEY ("id", "row"),
  CONSTRAINT "seat_code" UNIQUE ("code") INCLUDE ("row"),
  CONSTRAINT "seat_turned" UNIQUE ("row", "id")
);

COMMENT ON INDEX "public"."seat_code" IS 'by its code';

ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_beside" FOREIGN KEY ("beside") REFERENCES "public"."seat" ("code");

ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_code_again" UNIQUE ("code") INCLUDE ("row");

COMMENT ON INDEX "public"."seat_code_again" IS 'by its code, again';

ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_code_plain" UNIQUE ("code");

ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_ref" UNIQUE ("id", "row");

COMMENT ON INDEX "public"."seat_ref" IS 'what the plans refer to';

-- Reverse: modify "ticket" table
ALTER TABLE "public"."ticket" ADD CONSTRAINT "ticket_of_seat" FOREIGN KEY ("seat_id", "seat_row") REFERENCES "public"."seat" ("id", "row");

-- Reverse: modify "seat" table
ALTER TABLE "public"."seat"
  ADD CONSTRAINT "seat_ticket" FOREIGN KEY ("id", "row") REFERENCES "public"."ticket" ("seat_id", "seat_row"),
  ADD CONSTRAINT "seat_hall" FOREIGN KEY ("hall_id") REFERENCES "public"."hall" ("id");
