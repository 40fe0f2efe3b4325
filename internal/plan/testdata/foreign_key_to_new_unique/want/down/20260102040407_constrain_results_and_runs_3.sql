ALTER TABLE public.results
  DROP CONSTRAINT results_run_fkey,
  ADD CONSTRAINT results_run_fkey FOREIGN KEY (run) REFERENCES public.runs(name) NOT VALID;
