-- The column's own sequence goes on where the other ends.
ALTER TABLE public.results ALTER COLUMN n DROP DEFAULT, ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;

ALTER SEQUENCE public.results_n_numbers OWNED BY NONE;

SELECT setval(pg_get_serial_sequence('public.results', 'n'), nextval('public.results_n_numbers'), false);

DROP SEQUENCE public.results_n_numbers;
