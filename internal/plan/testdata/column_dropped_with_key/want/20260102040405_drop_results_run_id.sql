-- Destroys column public.results.run_id with its data.
ALTER TABLE public.results
  DROP CONSTRAINT results_run_id_fkey,
  DROP COLUMN run_id;
