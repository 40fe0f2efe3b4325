-- Reverse: drop enum type "mood"
CREATE TYPE "public"."mood" AS ENUM ('sad', 'ok');

-- The data of column public.results.mood does not come back.
-- Column public.results.mood had no NULLs and no default: this fails if the table has rows by then.
ALTER TABLE public.results ADD COLUMN mood public.mood NOT NULL;
