-- Create enum type "mood"
CREATE TYPE "public"."mood" AS ENUM ('sad', 'it''s ok');

-- Modify "runs" table
ALTER TABLE "public"."runs" ADD COLUMN "mood" "public"."mood" NOT NULL DEFAULT 'sad';
