ALTER TABLE public.runs DROP COLUMN name;
