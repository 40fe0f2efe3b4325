CREATE SEQUENCE public.runs_n_seq AS integer;

-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.runs ADD COLUMN n integer;

ALTER TABLE public.runs ALTER COLUMN n SET DEFAULT nextval('public.runs_n_seq'::regclass);

ALTER SEQUENCE public.runs_n_seq OWNED BY public.runs.n;
