-- Destroys column public.results.source with its data.
ALTER TABLE public.results DROP COLUMN source;
