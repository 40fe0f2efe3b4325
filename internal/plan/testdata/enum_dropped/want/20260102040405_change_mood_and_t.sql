-- REWRITES public.t: the type of m changes from public.mood to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN m_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET m_new = m WHERE ...;
-- let it read m_new, and drop m when nobody uses it any more.
-- REWRITES public.t: the type of "all" changes from public.mood[] to text[], which writes every row and every index anew.
--   ALTER TABLE public.t ADD COLUMN all_new text[];
--   UPDATE public.t SET all_new = "all" WHERE ...;
-- let it read all_new, and drop "all" when nobody uses it any more.

ALTER TABLE public.t
  ALTER COLUMN m DROP DEFAULT,
  ALTER COLUMN m TYPE text,
  ALTER COLUMN m SET DEFAULT 'ok'::text,
  ALTER COLUMN "all" TYPE text[];
