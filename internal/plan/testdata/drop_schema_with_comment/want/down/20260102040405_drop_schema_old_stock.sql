-- Reverse: drop schema named "Old-Stock"
CREATE SCHEMA "Old-Stock";

COMMENT ON SCHEMA "Old-Stock" IS 'It''s what is left';

-- Reverse: drop "T" table
-- The data of table "Old-Stock"."T" does not come back.
CREATE TABLE "Old-Stock"."T" (
  "id" integer NOT NULL
);
