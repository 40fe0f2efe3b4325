ALTER TABLE public.results
  DROP CONSTRAINT both_new,
  ADD CONSTRAINT both_new CHECK ((source <> ''::text)) NOT VALID;
