-- Modify "t" table
ALTER TABLE "public"."t"
  DROP CONSTRAINT "two",
  ADD COLUMN "d" integer NULL,
  DROP CONSTRAINT "one",
  ADD CONSTRAINT "one" CHECK (a > d),
  ADD CONSTRAINT "three" CHECK (d > c),
  DROP COLUMN "b";
