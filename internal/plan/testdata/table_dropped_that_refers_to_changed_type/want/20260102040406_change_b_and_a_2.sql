-- REWRITES public.a: the type of id changes from integer to text, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.a ADD COLUMN id_new text;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.a SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.
-- REWRITES public.a: the type of code changes from integer to bigint, which writes every row and every index anew.
-- BLOCKS public."B": nobody reads or writes it meanwhile either, for its foreign key code_fk refers to what changes.
--   ALTER TABLE public.a ADD COLUMN code_new bigint;
--   UPDATE public.a SET code_new = code WHERE ...;
-- let it read code_new, and drop code when nobody uses it any more.

ALTER TABLE public.a
  ALTER COLUMN id TYPE text,
  ALTER COLUMN code TYPE bigint;
