-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.results ADD COLUMN token uuid;

ALTER TABLE public.results ALTER COLUMN token SET DEFAULT gen_random_uuid();
