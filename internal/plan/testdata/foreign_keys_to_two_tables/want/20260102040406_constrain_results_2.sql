-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if a row is against results_run.
ALTER TABLE public.results VALIDATE CONSTRAINT results_run;

-- Reads the whole table and blocks nobody; fails if a row is against results_user.
ALTER TABLE public.results VALIDATE CONSTRAINT results_user;
