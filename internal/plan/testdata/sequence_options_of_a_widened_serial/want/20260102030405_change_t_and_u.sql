-- REWRITES public.t: the type of id changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN id_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.

ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);

ALTER SEQUENCE public.t_id_seq AS bigint;
