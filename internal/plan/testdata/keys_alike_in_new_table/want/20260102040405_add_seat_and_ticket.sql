-- Create "seat" table
CREATE TABLE "public"."seat" (
  "id" integer NOT NULL,
  "row" integer NOT NULL,
  "code" integer NULL,
  "beside" integer NULL,
  "hall_id" integer NOT NULL,
  CONSTRAINT "the seat" PRIMARY KEY ("id", "row"),
  CONSTRAINT "seat_code" UNIQUE ("code") INCLUDE ("row"),
  CONSTRAINT "seat_turned" UNIQUE ("row", "id"),
  CONSTRAINT "seat_beside" FOREIGN KEY ("beside") REFERENCES "public"."seat" ("code"),
  CONSTRAINT "seat_hall" FOREIGN KEY ("hall_id") REFERENCES "public"."hall" ("id")
);

-- Add constraint "seat_code_again" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_code_again" UNIQUE ("code") INCLUDE ("row");

-- Set comment to index: "seat_code_again" on table: "seat"
COMMENT ON INDEX "public"."seat_code_again" IS 'by its code, again';

-- Add constraint "seat_code_plain" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_code_plain" UNIQUE ("code");

-- Add constraint "seat_ref" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" ADD CONSTRAINT "seat_ref" UNIQUE ("id", "row");

-- Set comment to index: "seat_ref" on table: "seat"
COMMENT ON INDEX "public"."seat_ref" IS 'what the plans refer to';

-- Set comment to index: "seat_code" on table: "seat"
COMMENT ON INDEX "public"."seat_code" IS 'by its code';

-- Create "ticket" table
CREATE TABLE "public"."ticket" (
  "seat_id" integer NOT NULL,
  "seat_row" integer NOT NULL,
  CONSTRAINT "ticket_seat" UNIQUE ("seat_id", "seat_row"),
  CONSTRAINT "ticket_of_seat" FOREIGN KEY ("seat_id", "seat_row") REFERENCES "public"."seat" ("id", "row")
);

-- Add constraint "ticket_seat_again" to table "ticket" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."ticket" ADD CONSTRAINT "ticket_seat_again" UNIQUE ("seat_id", "seat_row");
