-- REWRITES public.u: the type of id changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.u ADD COLUMN id_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.u SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.

ALTER TABLE public.u
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE bigint,
  ALTER COLUMN id SET DEFAULT nextval('public.u_id_seq'::regclass);

ALTER SEQUENCE public.u_id_seq AS bigint;
