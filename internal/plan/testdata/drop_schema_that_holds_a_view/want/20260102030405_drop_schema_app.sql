-- Drop "t" table
-- Destroys table app.t with its data.
DROP TABLE "app"."t";
