-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.results ADD CONSTRAINT results_parent FOREIGN KEY (parent) REFERENCES public.results(id) NOT VALID;
