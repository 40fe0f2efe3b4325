ALTER TABLE public.results ADD COLUMN flaky boolean;
