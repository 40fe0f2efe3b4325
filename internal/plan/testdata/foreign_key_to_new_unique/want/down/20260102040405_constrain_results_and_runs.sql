ALTER TABLE public.runs DROP CONSTRAINT runs_name_key;
