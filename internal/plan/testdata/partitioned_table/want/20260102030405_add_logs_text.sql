ALTER TABLE public.logs ADD COLUMN text text;
