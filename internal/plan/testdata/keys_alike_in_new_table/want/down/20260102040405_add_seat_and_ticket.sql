-- Reverse: add constraint "ticket_seat_again" to table "ticket" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."ticket" DROP CONSTRAINT "ticket_seat_again";

-- Reverse: create "ticket" table
DROP TABLE "public"."ticket";

-- Reverse: set comment to index: "seat_code" on table: "seat"
COMMENT ON INDEX "public"."seat_code" IS NULL;

-- Reverse: set comment to index: "seat_ref" on table: "seat"
COMMENT ON INDEX "public"."seat_ref" IS NULL;

-- Reverse: add constraint "seat_ref" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" DROP CONSTRAINT "seat_ref";

-- Reverse: add constraint "seat_code_plain" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" DROP CONSTRAINT "seat_code_plain";

-- Reverse: set comment to index: "seat_code_again" on table: "seat"
COMMENT ON INDEX "public"."seat_code_again" IS NULL;

-- Reverse: add constraint "seat_code_again" to table "seat" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."seat" DROP CONSTRAINT "seat_code_again";

-- Reverse: create "seat" table
DROP TABLE "public"."seat";
