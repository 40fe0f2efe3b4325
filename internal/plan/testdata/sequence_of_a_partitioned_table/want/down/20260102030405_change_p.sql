-- BLOCKS public.p: the highest id is looked for, and no index begins with it.
-- Nobody reads or writes the table meanwhile.
-- To keep the application running, declare an index that begins with it in the schema file, and apply that first.

CREATE SEQUENCE public.p_id_seq AS integer;

ALTER TABLE public.p ALTER COLUMN id SET DEFAULT nextval('public.p_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.p_id_seq', number) FROM (SELECT max(id) AS number FROM public.p) AS highest WHERE number >= 1;

ALTER SEQUENCE public.p_id_seq OWNED BY public.p.id;
