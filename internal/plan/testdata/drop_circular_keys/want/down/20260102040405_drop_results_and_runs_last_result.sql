-- atlas:txmode none

-- The data of column public.runs.last_result does not come back.
ALTER TABLE public.runs ADD COLUMN last_result uuid;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.runs ADD CONSTRAINT runs_last_result_fkey FOREIGN KEY (last_result) REFERENCES public.results(id) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against runs_last_result_fkey.
ALTER TABLE public.runs VALIDATE CONSTRAINT runs_last_result_fkey;
