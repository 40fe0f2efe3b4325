CREATE SEQUENCE public.b_id_seq AS integer;

ALTER TABLE public.b ALTER COLUMN id SET DEFAULT nextval('public.b_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.b_id_seq', number) FROM (SELECT greatest((SELECT last_value AS number FROM public.a_id_seq WHERE is_called), max(id)) AS number FROM public.b) AS highest WHERE number >= 1;

ALTER SEQUENCE public.b_id_seq OWNED BY public.b.id;
