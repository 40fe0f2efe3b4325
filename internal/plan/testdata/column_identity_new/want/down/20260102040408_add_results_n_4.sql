LOCK TABLE public.results IN ACCESS EXCLUSIVE MODE;

CREATE SEQUENCE public.results_n_numbers AS bigint;

SELECT setval('public.results_n_numbers', nextval(pg_get_serial_sequence('public.results', 'n')), false);

ALTER TABLE public.results ALTER COLUMN n DROP IDENTITY, ALTER COLUMN n SET DEFAULT nextval('public.results_n_numbers'::regclass);

ALTER SEQUENCE public.results_n_numbers OWNED BY public.results.n;
