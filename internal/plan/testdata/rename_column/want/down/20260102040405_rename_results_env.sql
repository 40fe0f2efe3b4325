ALTER TABLE public.results RENAME COLUMN environment TO env;
