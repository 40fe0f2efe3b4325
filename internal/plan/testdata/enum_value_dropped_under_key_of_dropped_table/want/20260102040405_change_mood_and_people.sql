-- What it refers to changes before its table is dropped, and PostgreSQL compares no old type with a new one.
ALTER TABLE public.people DROP CONSTRAINT people_mood_fkey;
