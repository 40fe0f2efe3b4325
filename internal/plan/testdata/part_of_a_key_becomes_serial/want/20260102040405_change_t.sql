-- BLOCKS public.t: the highest n is looked for, and no index begins with it.
-- Nobody reads or writes the table meanwhile.
-- To keep the application running, declare an index that begins with it in the schema file, and apply that first.

CREATE SEQUENCE public.t_n_seq AS integer;

ALTER TABLE public.t ALTER COLUMN n SET DEFAULT nextval('public.t_n_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.t_n_seq', number) FROM (SELECT max(n) AS number FROM public.t) AS highest WHERE number >= 1;

ALTER SEQUENCE public.t_n_seq OWNED BY public.t.n;
