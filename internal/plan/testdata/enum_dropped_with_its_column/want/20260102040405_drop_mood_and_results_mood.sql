-- Destroys column public.results.mood with its data.
ALTER TABLE public.results DROP COLUMN mood;

-- Drop enum type "mood"
DROP TYPE "public"."mood";
