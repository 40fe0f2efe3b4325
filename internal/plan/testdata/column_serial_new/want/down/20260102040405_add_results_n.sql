ALTER TABLE public.results DROP COLUMN n;
