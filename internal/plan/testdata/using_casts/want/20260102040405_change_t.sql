-- REWRITES public.t: the type of n changes from text to integer, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of n does not fit into integer; such rows:
--   SELECT * FROM public.t WHERE CASE WHEN n ~ '^\s*[-+]?[0-9]+\s*$' THEN n::numeric NOT BETWEEN -2147483648 AND 2147483647 ELSE n IS NOT NULL END;
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.t ADD COLUMN n_new integer;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.t SET n_new = n::integer WHERE ...;
-- let it read n_new, and drop n when nobody uses it any more.
-- REWRITES public.t: the type of j changes from text to jsonb, which writes every row and every index anew.
-- Fails if a value of j does not fit into jsonb; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public.t WHERE NOT pg_input_is_valid(j::text, 'jsonb');
--   ALTER TABLE public.t ADD COLUMN j_new jsonb;
--   UPDATE public.t SET j_new = j::jsonb WHERE ...;
-- let it read j_new, and drop j when nobody uses it any more.
-- REWRITES public.t: the type of at changes from text to timestamp with time zone, which writes every row and every index anew.
-- Fails if a value of at does not fit into timestamp with time zone; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public.t WHERE NOT pg_input_is_valid(at::text, 'timestamp with time zone');
--   ALTER TABLE public.t ADD COLUMN at_new timestamp with time zone;
--   UPDATE public.t SET at_new = at::timestamp with time zone WHERE ...;
-- let it read at_new, and drop at when nobody uses it any more.

ALTER TABLE public.t
  ALTER COLUMN n DROP DEFAULT,
  ALTER COLUMN n TYPE integer USING n::integer,
  ALTER COLUMN n SET DEFAULT 1,
  ALTER COLUMN j TYPE jsonb USING j::jsonb,
  ALTER COLUMN at TYPE timestamp with time zone USING at::timestamp with time zone;
