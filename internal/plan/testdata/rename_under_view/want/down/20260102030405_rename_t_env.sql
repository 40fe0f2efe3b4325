ALTER TABLE public.t RENAME COLUMN environment TO env;
