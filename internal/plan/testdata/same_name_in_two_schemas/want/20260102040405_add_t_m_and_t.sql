-- Modify "t" table
ALTER TABLE "a"."t" ADD COLUMN "m" integer NULL;

-- Create "t" table
CREATE TABLE "b"."t" (
  "n" integer NOT NULL
);
