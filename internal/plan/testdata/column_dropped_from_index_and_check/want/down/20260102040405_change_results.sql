ALTER TABLE public.results DROP CONSTRAINT both_new;
