ALTER TABLE public.results DROP COLUMN flaky;
