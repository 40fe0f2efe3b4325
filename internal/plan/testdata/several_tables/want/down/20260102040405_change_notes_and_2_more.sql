ALTER TABLE public.notes DROP CONSTRAINT notes_text_not_null;
