-- Drop "T" table
-- Destroys table "Old-Stock"."T" with its data.
DROP TABLE "Old-Stock"."T";

-- Drop schema named "Old-Stock"
DROP SCHEMA "Old-Stock";
