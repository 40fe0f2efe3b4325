ALTER TABLE public.results RENAME CONSTRAINT run TO results_run_id_fkey;
