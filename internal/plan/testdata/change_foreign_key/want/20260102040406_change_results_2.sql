-- Reads the whole table and blocks nobody; fails if a row is against results_run_id_fkey_new.
ALTER TABLE public.results VALIDATE CONSTRAINT results_run_id_fkey_new;
