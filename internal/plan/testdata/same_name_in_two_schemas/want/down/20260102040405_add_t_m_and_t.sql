-- Reverse: create "t" table
DROP TABLE "b"."t";

-- Reverse: modify "t" table
ALTER TABLE "a"."t" DROP COLUMN "m";
