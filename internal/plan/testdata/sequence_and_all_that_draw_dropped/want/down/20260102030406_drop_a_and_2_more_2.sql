-- The data of column public.c.n does not come back.
ALTER TABLE public.c ADD COLUMN n bigint;
