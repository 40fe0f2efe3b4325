-- REWRITES public.t: the enum public.mood is made anew, for it loses 'sad'.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

-- PostgreSQL cannot change an enum so: another type takes its place.
-- Fails while a row has 'sad': change such rows before.
ALTER TYPE public.mood RENAME TO mood_old;

CREATE TYPE public.mood AS ENUM ('it''s new', 'ok');

ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::text::public.mood;

DROP TYPE public.mood_old;
