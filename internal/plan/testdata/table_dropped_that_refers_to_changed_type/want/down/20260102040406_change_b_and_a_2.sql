-- REWRITES public.a: the type of id changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public.a WHERE CASE WHEN id ~ '^\s*[-+]?[0-9]+\s*$' THEN id::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE id IS NOT NULL END;
-- REWRITES public.a: the type of code changes from bigint to integer, which writes every row and every index anew.
-- BLOCKS public."B": nobody reads or writes it meanwhile either, for its foreign key code_fk refers to what changes.
-- Fails if a value of code does not fit into integer; such rows:
--   SELECT * FROM public.a WHERE code NOT BETWEEN -2147483648 AND 2147483647;

ALTER TABLE public.a
  ALTER COLUMN code TYPE integer,
  ALTER COLUMN id TYPE integer USING id::integer;
