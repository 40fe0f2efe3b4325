CREATE SEQUENCE public.results_id_numbers AS integer OWNED BY public.results.id;

-- The numbers go on after the highest; this may read the whole table and blocks nobody.
SELECT setval('public.results_id_numbers', max(id)) FROM public.results HAVING max(id) IS NOT NULL;
