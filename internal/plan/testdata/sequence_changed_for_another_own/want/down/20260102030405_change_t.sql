-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.one CACHE 5;

ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('public.one'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.one', number) FROM (SELECT greatest((SELECT last_value AS number FROM public.two WHERE is_called), max(id)) AS number FROM public.t) AS highest WHERE number >= (SELECT last_value FROM public.one);
