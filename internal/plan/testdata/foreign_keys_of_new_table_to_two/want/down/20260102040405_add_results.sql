-- Reverse: create "results" table
DROP TABLE "public"."results";
