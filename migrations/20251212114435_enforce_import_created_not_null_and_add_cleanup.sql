-- alembic:revision 53994db980f1

-- Old imports are cleaned up by age, so each needs one.

-- First the default, because it takes the strong lock at once: after it no other
-- session can add a NULL, and nobody deadlocks with us over a stronger lock later.
-- imports has a row per uploaded file, so the two statements below take no time.
ALTER TABLE public.imports ALTER COLUMN created SET DEFAULT now();

-- When a row of unknown age came in is lost; from now on it counts as new.
UPDATE public.imports SET created = now() WHERE created IS NULL;

ALTER TABLE public.imports ALTER COLUMN created SET NOT NULL;
