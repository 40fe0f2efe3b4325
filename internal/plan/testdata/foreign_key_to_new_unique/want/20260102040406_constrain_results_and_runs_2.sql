-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_run_fkey FOREIGN KEY (run) REFERENCES public.runs(name) NOT VALID;
