ALTER TABLE public.people DROP CONSTRAINT people_mood_fkey;
