-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.b_id_seq CACHE 1;

ALTER TABLE public.c ALTER COLUMN id SET DEFAULT nextval('public.b_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.b_id_seq', number) FROM (SELECT greatest((SELECT last_value AS number FROM public.c_id_seq WHERE is_called), max(id)) AS number FROM public.c) AS highest WHERE number >= (SELECT last_value FROM public.b_id_seq);

DROP SEQUENCE public.c_id_seq;
