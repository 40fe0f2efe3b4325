ALTER TABLE public.results
  DROP CONSTRAINT results_user,
  DROP CONSTRAINT results_run;
