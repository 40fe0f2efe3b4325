ALTER TABLE public.results
  DROP CONSTRAINT results_user,
  ADD CONSTRAINT results_user FOREIGN KEY (user_id) REFERENCES public.users(id) NOT VALID,
  DROP CONSTRAINT results_run,
  ADD CONSTRAINT results_run FOREIGN KEY (run_id) REFERENCES public.runs(id) NOT VALID;
