-- Reverse: create "t" table
DROP TABLE "public"."t";
