-- Reads the whole table and blocks nobody; fails if a row is against results_run_fkey.
ALTER TABLE public.results VALIDATE CONSTRAINT results_run_fkey;
