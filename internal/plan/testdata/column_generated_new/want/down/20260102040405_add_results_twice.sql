ALTER TABLE public.results DROP COLUMN twice;
