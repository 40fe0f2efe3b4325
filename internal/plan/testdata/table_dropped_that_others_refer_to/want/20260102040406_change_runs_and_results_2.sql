-- Destroys column public.results.first with its data.
ALTER TABLE public.results DROP COLUMN first;
