CREATE SEQUENCE public.t_id_seq AS bigint;

ALTER TABLE public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.t_id_seq', number) FROM (SELECT greatest((SELECT last_value AS number FROM public.order_no WHERE is_called), max(id)) AS number FROM public.t) AS highest WHERE number >= 1;

ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;
