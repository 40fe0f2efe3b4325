-- REWRITES public."B": the type of id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public."B" WHERE CASE WHEN id ~ '^\s*[-+]?[0-9]+\s*$' THEN id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE id IS NOT NULL END;
-- REWRITES public."B": the type of a_id changes from text to integer, which writes every row and every index anew.
-- Fails if a value of a_id does not fit into integer; such rows:
--   SELECT * FROM public."B" WHERE CASE WHEN a_id ~ '^\s*[-+]?[0-9]+\s*$' THEN a_id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE a_id IS NOT NULL END;
-- REWRITES public."B": the type of a_n changes from bigint to integer, which writes every row and every index anew.
-- BLOCKS public.a: nobody reads or writes it meanwhile either, for the foreign key "B_a_n_fkey" refers to it.
-- Fails if a value of a_n does not fit into integer; such rows:
--   SELECT * FROM public."B" WHERE a_n NOT BETWEEN -2147483648 AND 2147483647;
-- REWRITES public."B": the type of other changes from text to integer, which writes every row and every index anew.
-- Fails if a value of other does not fit into integer; such rows:
--   SELECT * FROM public."B" WHERE CASE WHEN other ~ '^\s*[-+]?[0-9]+\s*$' THEN other::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE other IS NOT NULL END;

ALTER TABLE public."B"
  ALTER COLUMN other TYPE integer USING other::integer,
  ALTER COLUMN a_n TYPE integer,
  ALTER COLUMN a_id TYPE integer USING a_id::integer,
  ALTER COLUMN id TYPE integer USING id::integer;
