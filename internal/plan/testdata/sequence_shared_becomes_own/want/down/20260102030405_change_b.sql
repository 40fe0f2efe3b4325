-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.a_id_seq CACHE 1;

ALTER TABLE public.b ALTER COLUMN id SET DEFAULT nextval('public.a_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.a_id_seq', number) FROM (SELECT greatest((SELECT last_value AS number FROM public.b_id_seq WHERE is_called), max(id)) AS number FROM public.b) AS highest WHERE number >= (SELECT last_value FROM public.a_id_seq);

DROP SEQUENCE public.b_id_seq;
