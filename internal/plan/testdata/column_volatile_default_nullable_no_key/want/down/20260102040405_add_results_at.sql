ALTER TABLE public.results DROP COLUMN at;
