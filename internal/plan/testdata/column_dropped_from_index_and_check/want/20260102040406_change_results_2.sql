-- Reads the whole table and blocks nobody; fails if a row is against both_new.
ALTER TABLE public.results VALIDATE CONSTRAINT both_new;
