CREATE SEQUENCE public.b_n_seq AS integer;

-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.b ADD COLUMN n integer;

ALTER TABLE public.b ALTER COLUMN n SET DEFAULT nextval('public.b_n_seq'::regclass);

ALTER SEQUENCE public.b_n_seq OWNED BY public.b.n;
