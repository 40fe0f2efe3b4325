-- Reverse: drop enum type "mood"
CREATE TYPE "public"."mood" AS ENUM ('sad', 'ok', 'happy');
