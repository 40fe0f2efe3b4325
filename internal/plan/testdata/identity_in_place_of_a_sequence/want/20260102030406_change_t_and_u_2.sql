ALTER TABLE public.t ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them first.
SELECT setval(pg_get_serial_sequence('public.t', 'id'), number) FROM (SELECT greatest((SELECT last_value AS number FROM public.numbers WHERE is_called), max(id)) AS number FROM public.t) AS highest WHERE number >= 1;
