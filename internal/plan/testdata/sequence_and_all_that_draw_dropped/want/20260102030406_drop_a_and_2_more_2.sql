-- Destroys column public.c.n with its data.
ALTER TABLE public.c DROP COLUMN n;
