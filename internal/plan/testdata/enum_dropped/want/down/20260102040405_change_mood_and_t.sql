-- REWRITES public.t: the type of m changes from text to public.mood, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of m does not fit into public.mood; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public.t WHERE NOT pg_input_is_valid(m::text, 'public.mood');
-- REWRITES public.t: the type of "all" changes from text[] to public.mood[], which writes every row and every index anew.
-- Fails if a value of "all" does not fit into public.mood[].

ALTER TABLE public.t
  ALTER COLUMN "all" TYPE public.mood[] USING "all"::public.mood[],
  ALTER COLUMN m DROP DEFAULT,
  ALTER COLUMN m TYPE public.mood USING m::public.mood,
  ALTER COLUMN m SET DEFAULT 'ok'::public.mood;
