-- From now on nobody writes a NULL into text; what is there already is looked at later.
ALTER TABLE public.notes ADD CONSTRAINT notes_text_not_null CHECK (text IS NOT NULL) NOT VALID;
