-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.t DROP CONSTRAINT one;

ALTER TABLE public.t RENAME CONSTRAINT one_new TO one;

-- Destroys column public.t.b with its data.
ALTER TABLE public.t
  DROP CONSTRAINT two,
  DROP COLUMN b;
