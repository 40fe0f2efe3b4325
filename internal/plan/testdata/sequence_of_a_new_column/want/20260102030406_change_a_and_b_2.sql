-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.b_n_seq CACHE 1;

ALTER TABLE public.a ALTER COLUMN id SET DEFAULT nextval('public.b_n_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.b_n_seq', number) FROM (SELECT max(id) AS number FROM public.a) AS highest WHERE number >= (SELECT last_value FROM public.b_n_seq);
