-- Reverse: modify "t" table
ALTER TABLE "public"."t"
  DROP CONSTRAINT "t_parent",
  DROP CONSTRAINT "t_check",
  DROP COLUMN "double",
  DROP COLUMN "parent";
