-- atlas:txmode none

-- FAILS while a row of public.results refers to public.runs, which comes back without its rows; such rows:
--   SELECT * FROM public.results WHERE run IS NOT NULL AND "Part" IS NOT NULL;
-- Before it runs, or where it has failed before it runs again, give public.runs its rows back, from a backup,
-- or let no row refer to them.

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_run_fkey FOREIGN KEY (run, "Part") REFERENCES public.runs(id, part) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against results_run_fkey.
ALTER TABLE public.results VALIDATE CONSTRAINT results_run_fkey;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_first_fkey FOREIGN KEY (first, "Part") REFERENCES public.runs(id, part) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against results_first_fkey.
ALTER TABLE public.results VALIDATE CONSTRAINT results_first_fkey;
