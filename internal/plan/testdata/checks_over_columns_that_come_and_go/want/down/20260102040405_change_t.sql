-- Reverse: modify "t" table
-- The data of column public.t.b does not come back.
ALTER TABLE "public"."t"
  ADD COLUMN "b" integer NULL,
  DROP CONSTRAINT "three",
  DROP CONSTRAINT "one",
  ADD CONSTRAINT "one" CHECK (a > b),
  DROP COLUMN "d",
  ADD CONSTRAINT "two" CHECK (b > c);
