-- The data of column public.results.source does not come back.
ALTER TABLE public.results ADD COLUMN source text;
