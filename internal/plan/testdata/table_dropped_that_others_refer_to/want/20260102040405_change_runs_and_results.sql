-- atlas:txmode none

ALTER TABLE public.results
  DROP CONSTRAINT results_first_fkey,
  DROP CONSTRAINT results_run_fkey;
