-- The default differs from row to row: given together with the column it would rewrite the table.
ALTER TABLE public.a ADD COLUMN n integer;

ALTER TABLE public.a ALTER COLUMN n SET DEFAULT nextval('public.b_n_seq'::regclass);
