-- Reverse: create index "logs_text" to table: "logs"
DROP INDEX "public"."logs_text";

-- Reverse: modify "logs" table
ALTER TABLE "public"."logs" DROP COLUMN "text";
