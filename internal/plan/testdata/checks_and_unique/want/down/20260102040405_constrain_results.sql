ALTER TABLE public.results DROP CONSTRAINT source_not_empty;
