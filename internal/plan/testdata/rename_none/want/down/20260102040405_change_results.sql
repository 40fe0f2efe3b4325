ALTER TABLE public.results DROP COLUMN environment;
