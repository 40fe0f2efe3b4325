-- REWRITES public.results: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.results WHERE n NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.results
  ALTER COLUMN n DROP DEFAULT,
  ALTER COLUMN n TYPE integer,
  ALTER COLUMN n SET DEFAULT nextval('public.results_n_seq'::regclass);

-- Fails if the sequence is past 2147483647.
ALTER SEQUENCE public.results_n_seq AS integer;
