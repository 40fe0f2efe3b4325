-- Create "t" table
CREATE TABLE "b"."t" (
  "n" integer NOT NULL
);

ALTER TABLE a.t ADD COLUMN m integer;
