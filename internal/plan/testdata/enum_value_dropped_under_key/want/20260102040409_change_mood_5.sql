-- Reads the whole table and blocks nobody; fails if a row is against people_mood_fkey.
ALTER TABLE public.people VALIDATE CONSTRAINT people_mood_fkey;
