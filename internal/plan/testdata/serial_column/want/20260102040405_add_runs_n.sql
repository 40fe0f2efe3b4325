-- Modify "runs" table
ALTER TABLE "public"."runs" ADD COLUMN "n" serial NOT NULL;
