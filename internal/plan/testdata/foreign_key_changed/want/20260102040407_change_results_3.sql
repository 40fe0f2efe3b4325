-- The new one is valid: it takes the place of the old one.
ALTER TABLE public.results DROP CONSTRAINT results_run_id_fkey;

ALTER TABLE public.results RENAME CONSTRAINT results_run_id_fkey_new TO results_run_id_fkey;
