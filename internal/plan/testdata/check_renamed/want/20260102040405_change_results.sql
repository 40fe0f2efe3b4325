ALTER TABLE public.results RENAME CONSTRAINT long TO positive;
