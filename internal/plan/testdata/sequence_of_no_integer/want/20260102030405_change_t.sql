-- REWRITES public.t: the type of id changes from numeric to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Loses without an error the fractions of id.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE round(id) NOT BETWEEN -2147483648 AND 2147483647;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN id_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.

ALTER TABLE public.t
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN id SET DEFAULT nextval('public.order_no'::regclass);

-- Fails if the sequence is past 2147483647.
ALTER SEQUENCE public.order_no AS integer;
