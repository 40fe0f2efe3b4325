-- Drop enum type "mood"
DROP TYPE "public"."mood";
