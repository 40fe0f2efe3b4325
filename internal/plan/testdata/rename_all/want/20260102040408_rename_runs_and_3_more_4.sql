ALTER TABLE public.results RENAME CONSTRAINT results_run_id_fkey TO results_run_fkey;
