CREATE SEQUENCE public.t_id_numbers AS bigint OWNED BY public.t.id;

-- The numbers go on after the highest; this may read the whole table and blocks nobody.
SELECT setval('public.t_id_numbers', max(id)) FROM public.t HAVING max(id) >= 1;
