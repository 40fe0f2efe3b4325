ALTER TABLE public.results
  DROP CONSTRAINT results_run_id_fkey_new,
  ADD CONSTRAINT results_run_id_fkey_new FOREIGN KEY (run_id) REFERENCES public.runs(id) ON DELETE CASCADE NOT VALID;
