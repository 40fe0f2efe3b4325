-- The data of column public.t.b does not come back.
ALTER TABLE public.t ADD COLUMN b integer;
