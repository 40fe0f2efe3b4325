ALTER TABLE public.results DROP CONSTRAINT long;
