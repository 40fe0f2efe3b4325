ALTER TABLE public.results ALTER COLUMN source TYPE text;
