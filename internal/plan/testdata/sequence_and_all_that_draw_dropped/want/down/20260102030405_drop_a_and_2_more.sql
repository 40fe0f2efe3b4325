ALTER TABLE public.c ALTER COLUMN n SET DEFAULT nextval('public.a_id_seq'::regclass);

ALTER TABLE public.b ALTER COLUMN id SET DEFAULT nextval('public.a_id_seq'::regclass);
