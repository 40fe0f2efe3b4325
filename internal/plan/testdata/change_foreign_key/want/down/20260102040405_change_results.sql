ALTER TABLE public.results DROP CONSTRAINT results_run_id_fkey_new;
