ALTER TABLE public.runs DROP COLUMN mood;

-- Reverse: create enum type "mood"
DROP TYPE "public"."mood";
