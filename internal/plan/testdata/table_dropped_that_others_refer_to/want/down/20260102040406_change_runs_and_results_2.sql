-- The data of column public.results.first does not come back.
ALTER TABLE public.results ADD COLUMN first integer;
