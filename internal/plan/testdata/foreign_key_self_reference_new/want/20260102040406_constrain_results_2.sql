-- Reads the whole table and blocks nobody; fails if a row is against results_parent.
ALTER TABLE public.results VALIDATE CONSTRAINT results_parent;
