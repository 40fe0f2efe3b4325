-- REWRITES public.t: the type of n changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE n NOT BETWEEN -2147483648 AND 2147483647;
-- REWRITES public.t: the type of name changes from text to character varying(10), which writes every row and every index anew.
-- Fails if a value of name does not fit into character varying(10); such rows:
--   SELECT * FROM public.t WHERE length(rtrim(name::text, ' ')) > 10;

-- What is computed is no loss: PostgreSQL can only make the column anew.
-- What was granted on the column itself goes along: grant it again.
ALTER TABLE public.t
  DROP COLUMN twice,
  DROP COLUMN lower,
  ALTER COLUMN name TYPE character varying(10),
  ALTER COLUMN n TYPE integer,
  ADD COLUMN twice integer GENERATED ALWAYS AS ((n * 2)) VIRTUAL,
  ADD COLUMN lower text GENERATED ALWAYS AS (lower((name)::text)) VIRTUAL;
