-- Modify "t" table
-- Destroys column public.t.b with its data.
ALTER TABLE "public"."t"
  DROP CONSTRAINT "two",
  ADD COLUMN "d" integer NULL,
  DROP CONSTRAINT "one",
  ADD CONSTRAINT "one" CHECK (a > d),
  ADD CONSTRAINT "three" CHECK (d > c),
  DROP COLUMN "b";
