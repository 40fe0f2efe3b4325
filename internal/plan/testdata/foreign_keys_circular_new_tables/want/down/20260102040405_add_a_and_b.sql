-- Reverse: modify "b" table
ALTER TABLE "public"."b" DROP CONSTRAINT "b_a";

-- Reverse: modify "a" table
ALTER TABLE "public"."a"
  DROP CONSTRAINT "a_run",
  DROP CONSTRAINT "a_b";

-- Reverse: create "b" table
DROP TABLE "public"."b";

-- Reverse: create "a" table
DROP TABLE "public"."a";
