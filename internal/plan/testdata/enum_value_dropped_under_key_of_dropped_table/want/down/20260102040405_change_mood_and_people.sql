-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.people ADD CONSTRAINT people_mood_fkey FOREIGN KEY (mood) REFERENCES public.moods(mood) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against people_mood_fkey.
ALTER TABLE public.people VALIDATE CONSTRAINT people_mood_fkey;
