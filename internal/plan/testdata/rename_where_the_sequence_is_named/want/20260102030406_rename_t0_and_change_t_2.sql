-- REWRITES public.t: the type of n changes from integer to bigint, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN n_new bigint;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET n_new = n WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

ALTER TABLE public.t ALTER COLUMN n TYPE bigint;
