ALTER TABLE public.b ADD COLUMN n integer;
