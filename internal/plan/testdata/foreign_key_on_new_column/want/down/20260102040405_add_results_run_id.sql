ALTER TABLE public.results DROP COLUMN run_id;
