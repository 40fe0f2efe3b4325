-- REWRITES public.b: the type of a_id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of a_id does not fit into integer; such rows:
--   SELECT * FROM public.b WHERE CASE WHEN a_id ~ '^\s*[-+]?[0-9]+\s*$' THEN a_id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE a_id IS NOT NULL END;

ALTER TABLE public.b ALTER COLUMN a_id TYPE integer USING a_id::integer;
