-- REWRITES public.t: the type of id changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE id NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);

-- Fails if the sequence is past 2147483647.
ALTER SEQUENCE public.t_id_seq AS integer;
