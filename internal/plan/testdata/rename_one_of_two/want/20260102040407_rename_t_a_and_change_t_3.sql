-- Destroys column public.t.b with its data.
ALTER TABLE public.t DROP COLUMN b;
