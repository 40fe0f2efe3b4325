-- Destroys column public.d.n with its data.
ALTER TABLE public.d DROP COLUMN n;
