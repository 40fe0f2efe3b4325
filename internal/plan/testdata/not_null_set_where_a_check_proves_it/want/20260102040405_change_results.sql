-- No scan: the check sourced proves that there is no NULL.
ALTER TABLE public.results ALTER COLUMN source SET NOT NULL;
