ALTER TABLE public.results
  DROP CONSTRAINT results_run_id_fkey,
  ADD CONSTRAINT results_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id) ON DELETE CASCADE NOT VALID;
