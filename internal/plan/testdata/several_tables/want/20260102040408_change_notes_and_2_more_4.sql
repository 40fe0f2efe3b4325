-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if there is a NULL in text.
ALTER TABLE public.notes VALIDATE CONSTRAINT notes_text_not_null;

-- No scan: the check proves it. In a statement of its own, for together with the next it would scan.
ALTER TABLE public.notes ALTER COLUMN text SET NOT NULL;

ALTER TABLE public.notes DROP CONSTRAINT notes_text_not_null;

-- Reads the whole table and blocks nobody; fails if a row is against long.
ALTER TABLE public.results VALIDATE CONSTRAINT long;
