-- REWRITES public.t: the enum public.mood is made anew, for the order of its values changes.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TYPE public.mood RENAME TO mood_old;

CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');

ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT,
  ALTER COLUMN m TYPE public.mood USING m::text::public.mood,
  ALTER COLUMN m SET DEFAULT 'ok'::public.mood,
  ALTER COLUMN "all" TYPE public.mood[] USING "all"::text[]::public.mood[];

DROP TYPE public.mood_old;
