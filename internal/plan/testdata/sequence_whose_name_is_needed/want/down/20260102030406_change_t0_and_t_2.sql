-- Reverse: create "t0" table
DROP TABLE "public"."t0";
