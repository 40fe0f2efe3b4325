-- Drop "Users" table
DROP TABLE "App-Data"."Users";

-- Drop schema named "App-Data"
DROP SCHEMA "App-Data";
