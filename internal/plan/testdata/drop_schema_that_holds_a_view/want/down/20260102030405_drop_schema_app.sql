-- Reverse: drop "t" table
-- The data of table app.t does not come back.
CREATE TABLE "app"."t" (
  "a" integer NULL
);
