ALTER TABLE public.results
  DROP CONSTRAINT long_new,
  ADD CONSTRAINT long_new CHECK ((duration >= 0)) NOT VALID;
