ALTER TABLE public.runs ADD COLUMN name text;
