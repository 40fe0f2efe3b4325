-- Modify "runs" table
ALTER TABLE "public"."runs" ALTER COLUMN "twice" DROP EXPRESSION;
