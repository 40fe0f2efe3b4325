-- Drop "t" table
DROP TABLE "app"."t";
