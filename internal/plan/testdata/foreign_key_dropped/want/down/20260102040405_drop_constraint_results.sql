-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against results_run_id_fkey.
ALTER TABLE public.results VALIDATE CONSTRAINT results_run_id_fkey;
