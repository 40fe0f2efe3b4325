-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.people ADD CONSTRAINT people_mood_fkey FOREIGN KEY (mood) REFERENCES public.moods(mood) NOT VALID;
