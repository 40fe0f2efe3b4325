-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.t_id_seq CACHE 1;

ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.t_id_seq', number) FROM (SELECT max(id) AS number FROM public.t) AS highest WHERE number >= (SELECT last_value FROM public.t_id_seq);
