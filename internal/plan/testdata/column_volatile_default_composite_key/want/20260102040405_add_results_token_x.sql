-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.results ADD COLUMN "Token x" double precision;

ALTER TABLE public.results ALTER COLUMN "Token x" SET DEFAULT random();
