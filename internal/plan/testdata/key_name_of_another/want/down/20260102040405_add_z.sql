-- Reverse: add constraint "z_key" to table "z" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."z" DROP CONSTRAINT "z_key";

-- Reverse: create "z" table
DROP TABLE "public"."z";
