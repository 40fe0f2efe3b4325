ALTER TABLE public.results
  DROP CONSTRAINT source_not_empty,
  ADD CONSTRAINT source_not_empty CHECK ((source <> ''::text)) NOT VALID;
