-- REWRITES public.t: the type of code changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of code does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE CASE WHEN code ~ '^\s*[-+]?[0-9]+\s*$' THEN code::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE code IS NOT NULL END;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN code_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET code_new = code::integer WHERE ...;
-- let it read code_new, and drop code when nobody uses it any more.

ALTER TABLE public.t ALTER COLUMN code TYPE integer USING code::integer;
