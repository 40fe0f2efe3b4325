-- Reverse: drop schema named "App-Data"
CREATE SCHEMA "App-Data";

-- Reverse: drop "Users" table
-- The data of table "App-Data"."Users" does not come back.
CREATE TABLE "App-Data"."Users" (
  "Id" bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  "select" text NOT NULL,
  PRIMARY KEY ("Id")
);

CREATE INDEX "Users: select" ON "App-Data"."Users" ("select");
