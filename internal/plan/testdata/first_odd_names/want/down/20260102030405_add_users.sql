-- Reverse: create index "Users: select" to table: "Users"
DROP INDEX "App-Data"."Users: select";

-- Reverse: create "Users" table
DROP TABLE "App-Data"."Users";

-- Reverse: add new schema named "App-Data"
DROP SCHEMA "App-Data";
