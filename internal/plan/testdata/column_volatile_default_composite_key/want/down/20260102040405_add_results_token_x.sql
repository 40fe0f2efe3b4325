ALTER TABLE public.results DROP COLUMN "Token x";
