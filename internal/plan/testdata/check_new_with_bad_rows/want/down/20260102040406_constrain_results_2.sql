ALTER TABLE public.results
  DROP CONSTRAINT long,
  ADD CONSTRAINT long CHECK ((duration >= 0)) NOT VALID;
