ALTER TABLE public.results DROP CONSTRAINT results_run_fkey;
