-- REWRITES public."Results": the type of id changes from bigint to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of id does not fit into integer; such rows:
--   SELECT * FROM public."Results" WHERE id NOT BETWEEN -2147483648 AND 2147483647;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public."Results" ADD COLUMN id_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public."Results" SET id_new = id WHERE ...;
-- let it read id_new, and drop id when nobody uses it any more.
-- REWRITES public."Results": the type of "Source" changes from character varying(100) to character varying(10), which writes every row and every index anew.
-- Fails if a value of "Source" does not fit into character varying(10); such rows:
--   SELECT * FROM public."Results" WHERE length(rtrim("Source"::text, ' ')) > 10;
--   ALTER TABLE public."Results" ADD COLUMN "Source_new" character varying(10);
--   UPDATE public."Results" SET "Source_new" = "Source" WHERE ...;
-- let it read "Source_new", and drop "Source" when nobody uses it any more.
-- REWRITES public."Results": the type of count changes from text to integer, which writes every row and every index anew.
-- Fails if a value of count does not fit into integer; such rows:
--   SELECT * FROM public."Results" WHERE CASE WHEN count ~ '^\s*[-+]?[0-9]+\s*$' THEN count::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE count IS NOT NULL END;
--   ALTER TABLE public."Results" ADD COLUMN count_new integer;
--   UPDATE public."Results" SET count_new = count::integer WHERE ...;
-- let it read count_new, and drop count when nobody uses it any more.
-- REWRITES public."Results": the type of env changes from text to uuid, which writes every row and every index anew.
-- Fails if a value of env does not fit into uuid; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public."Results" WHERE NOT pg_input_is_valid(env::text, 'uuid');
--   ALTER TABLE public."Results" ADD COLUMN env_new uuid;
--   UPDATE public."Results" SET env_new = env::uuid WHERE ...;
-- let it read env_new, and drop env when nobody uses it any more.

ALTER TABLE public."Results"
  ALTER COLUMN id TYPE integer,
  ALTER COLUMN "Source" TYPE character varying(10),
  ALTER COLUMN count TYPE integer USING count::integer,
  ALTER COLUMN env TYPE uuid USING env::uuid;
