-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_run FOREIGN KEY (run_id) REFERENCES public.runs(id) NOT VALID;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_user FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID;
