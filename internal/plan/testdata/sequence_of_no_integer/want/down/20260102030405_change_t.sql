-- REWRITES public.t: the type of id changes from integer to numeric, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.

ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE numeric,
  ALTER COLUMN id SET DEFAULT nextval('public.order_no'::regclass);

ALTER SEQUENCE public.order_no AS bigint;
