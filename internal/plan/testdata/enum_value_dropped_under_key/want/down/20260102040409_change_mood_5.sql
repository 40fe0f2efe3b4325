ALTER TABLE public.people
  DROP CONSTRAINT people_mood_fkey,
  ADD CONSTRAINT people_mood_fkey FOREIGN KEY (mood) REFERENCES public.moods(mood) NOT VALID;
