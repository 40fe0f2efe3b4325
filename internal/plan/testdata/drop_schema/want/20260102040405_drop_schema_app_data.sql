-- Drop "Users" table
-- Destroys table "App-Data"."Users" with its data.
DROP TABLE "App-Data"."Users";

-- Drop schema named "App-Data"
DROP SCHEMA "App-Data";
