-- Reverse: modify "runs" table
ALTER TABLE "public"."runs" ALTER COLUMN "mood" SET DEFAULT 'sad';
