-- Create enum type "mood"
CREATE TYPE "public"."mood" AS ENUM ('sad', 'it''s ok');

ALTER TABLE public.runs ADD COLUMN mood public.mood DEFAULT 'sad'::public.mood NOT NULL;
