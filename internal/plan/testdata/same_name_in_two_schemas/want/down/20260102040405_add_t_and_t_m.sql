ALTER TABLE a.t DROP COLUMN m;

-- Reverse: create "t" table
DROP TABLE "b"."t";
