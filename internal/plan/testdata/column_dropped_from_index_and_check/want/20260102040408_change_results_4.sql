-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.results DROP CONSTRAINT "both";

ALTER TABLE public.results RENAME CONSTRAINT both_new TO "both";

-- Destroys column public.results.duration with its data.
ALTER TABLE public.results DROP COLUMN duration;
