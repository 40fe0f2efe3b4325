ALTER TABLE public.runs DROP COLUMN mail;
