CREATE SEQUENCE public.results_duration_seq AS integer OWNED BY public.results.duration;

-- The numbers go on after the highest; this may read the whole table and blocks nobody.
SELECT setval('public.results_duration_seq', max(duration)) FROM public.results HAVING max(duration) >= 1;
