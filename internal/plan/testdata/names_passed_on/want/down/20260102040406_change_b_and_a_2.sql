-- Reverse: create index "the index" to table: "b"
DROP INDEX "public"."the index";

-- Reverse: add constraint "the unique" to table "b" by itself: PostgreSQL merges keys over the same columns in one statement
ALTER TABLE "public"."b" DROP CONSTRAINT "the unique";

-- Reverse: create "b" table
DROP TABLE "public"."b";
