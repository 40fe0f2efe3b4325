ALTER TABLE public.logs DROP COLUMN text;
