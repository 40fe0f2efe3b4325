LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE;

-- From here to the end nobody draws from the sequence.
ALTER SEQUENCE public.numbers CACHE 1;

SELECT setval('public.numbers', number, false) FROM (SELECT nextval(pg_get_serial_sequence('public.t', 'id')) AS number) AS next WHERE number > (SELECT last_value FROM public.numbers);

ALTER TABLE public.t ALTER COLUMN id DROP IDENTITY, ALTER COLUMN id SET DEFAULT nextval('public.numbers'::regclass);
