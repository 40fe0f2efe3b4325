-- Reverse: modify "runs" table
ALTER TABLE "public"."runs" DROP COLUMN "n";
