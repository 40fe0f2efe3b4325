-- Add value to enum type: "mood"
ALTER TYPE "public"."mood" ADD VALUE 'so so' AFTER 'sad';
