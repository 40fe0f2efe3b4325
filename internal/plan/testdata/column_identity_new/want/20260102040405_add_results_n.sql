CREATE SEQUENCE public.results_n_numbers AS bigint;

-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.results ADD COLUMN n bigint;

ALTER TABLE public.results ALTER COLUMN n SET DEFAULT nextval('public.results_n_numbers'::regclass);

ALTER SEQUENCE public.results_n_numbers OWNED BY public.results.n;
