ALTER TABLE public.d ALTER COLUMN n SET DEFAULT nextval('public.b_id_seq'::regclass);
