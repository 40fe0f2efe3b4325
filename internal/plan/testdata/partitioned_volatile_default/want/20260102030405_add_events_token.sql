-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.events ADD COLUMN token uuid;

ALTER TABLE public.events ALTER COLUMN token SET DEFAULT gen_random_uuid();
