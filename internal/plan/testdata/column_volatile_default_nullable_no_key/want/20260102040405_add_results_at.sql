-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.results ADD COLUMN at timestamp with time zone;

ALTER TABLE public.results ALTER COLUMN at SET DEFAULT clock_timestamp();
