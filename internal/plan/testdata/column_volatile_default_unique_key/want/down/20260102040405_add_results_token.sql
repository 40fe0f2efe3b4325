ALTER TABLE public.results DROP COLUMN token;
