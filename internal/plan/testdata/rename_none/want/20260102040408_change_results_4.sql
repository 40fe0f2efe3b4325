-- Destroys column public.results.env with its data.
ALTER TABLE public.results DROP COLUMN env;
