-- REWRITES public.results: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.results
  ALTER COLUMN n DROP DEFAULT,
  ALTER COLUMN n TYPE integer,
  ALTER COLUMN n SET DEFAULT nextval('public.results_n_seq'::regclass);

ALTER SEQUENCE public.results_n_seq AS integer;
