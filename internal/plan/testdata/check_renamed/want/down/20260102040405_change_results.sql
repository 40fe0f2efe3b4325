ALTER TABLE public.results RENAME CONSTRAINT positive TO long;
