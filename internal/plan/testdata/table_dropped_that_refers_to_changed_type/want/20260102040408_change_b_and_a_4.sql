-- atlas:txmode none

-- Modify "B" table
ALTER TABLE "public"."B" DROP CONSTRAINT "code_fk";

-- Drop "B" table
-- Destroys table public."B" with its data.
DROP TABLE "public"."B";
