-- REWRITES public.t: the type of id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE CASE WHEN id ~ '^\s*[-+]?[0-9]+\s*$' THEN id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE id IS NOT NULL END;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN id_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET id_new = id::integer WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.

CREATE SEQUENCE public.t_id_seq AS integer;

ALTER TABLE public.t
  ALTER COLUMN id TYPE integer USING id::integer,
  ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);

-- The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds.
SELECT setval('public.t_id_seq', number) FROM (SELECT max(id) AS number FROM public.t) AS highest WHERE number >= 1;

ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;
