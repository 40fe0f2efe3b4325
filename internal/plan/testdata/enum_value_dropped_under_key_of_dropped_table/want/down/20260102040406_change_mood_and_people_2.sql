-- REWRITES public.moods: the enum public.mood is made anew, for it loses 'happy'.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- REWRITES public.people: the enum public.mood is made anew, for it loses 'happy'.

ALTER TYPE public.mood RENAME TO mood_old;

CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');

ALTER TABLE public.moods ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

ALTER TABLE public.people ALTER COLUMN mood TYPE public.mood USING mood::text::public.mood;

DROP TYPE public.mood_old;
