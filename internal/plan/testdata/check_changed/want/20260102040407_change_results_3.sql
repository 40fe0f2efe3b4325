-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.results DROP CONSTRAINT long;

ALTER TABLE public.results RENAME CONSTRAINT long_new TO long;
