ALTER TABLE public.results
  DROP CONSTRAINT results_parent,
  ADD CONSTRAINT results_parent FOREIGN KEY (parent) REFERENCES public.results(id) NOT VALID;
