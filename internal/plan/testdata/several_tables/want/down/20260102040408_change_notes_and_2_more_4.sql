ALTER TABLE public.results
  DROP CONSTRAINT long,
  ADD CONSTRAINT long CHECK ((duration > 0)) NOT VALID;

ALTER TABLE public.notes
  ADD CONSTRAINT notes_text_not_null CHECK (text IS NOT NULL) NOT VALID,
  ALTER COLUMN text DROP NOT NULL;
