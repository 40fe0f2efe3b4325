-- REWRITES public.t: the type of n changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE CASE WHEN n ~ '^\s*[-+]?[0-9]+\s*$' THEN n::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE n IS NOT NULL END;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN n_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET n_new = n::integer WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.

ALTER TABLE public.t ALTER COLUMN n TYPE integer USING n::integer;
