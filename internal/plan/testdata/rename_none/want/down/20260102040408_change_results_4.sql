-- The data of column public.results.env does not come back.
ALTER TABLE public.results ADD COLUMN env character varying(100);
