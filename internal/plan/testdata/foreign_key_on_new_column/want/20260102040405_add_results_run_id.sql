-- The key is valid at once: there is nothing to check in a column without values.
ALTER TABLE public.results ADD COLUMN run_id integer CONSTRAINT results_run_id_fkey REFERENCES public.runs(id);
