-- Drop "results" table
DROP TABLE "public"."results";
