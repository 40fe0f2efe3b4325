-- The data of column public.d.n does not come back.
ALTER TABLE public.d ADD COLUMN n bigint;
