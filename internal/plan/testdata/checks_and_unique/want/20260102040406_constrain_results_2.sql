-- Reads the whole table and blocks nobody; fails if a row is against source_not_empty.
ALTER TABLE public.results VALIDATE CONSTRAINT source_not_empty;
