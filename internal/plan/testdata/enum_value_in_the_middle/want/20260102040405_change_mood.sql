-- Add value to enum type: "mood"
ALTER TYPE "public"."mood" ADD VALUE 'bad' BEFORE 'sad';

-- Add value to enum type: "mood"
ALTER TYPE "public"."mood" ADD VALUE 'fine' AFTER 'ok';
