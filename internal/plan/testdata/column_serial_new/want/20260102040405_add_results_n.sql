CREATE SEQUENCE public.results_n_seq AS integer;

-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.results ADD COLUMN n integer;

ALTER TABLE public.results ALTER COLUMN n SET DEFAULT nextval('public.results_n_seq'::regclass);

ALTER SEQUENCE public.results_n_seq OWNED BY public.results.n;
