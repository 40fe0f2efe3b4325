-- Add new schema named "App-Data"
CREATE SCHEMA "App-Data";

-- Create "Users" table
CREATE TABLE "App-Data"."Users" (
  "Id" bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  "select" text NOT NULL,
  PRIMARY KEY ("Id")
);

-- Create index "Users: select" to table: "Users"
CREATE INDEX "Users: select" ON "App-Data"."Users" ("select");
