-- REWRITES public.results: the type of mood changes from text to public.mood, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of mood does not fit into public.mood; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public.results WHERE NOT pg_input_is_valid(mood::text, 'public.mood');
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.results ADD COLUMN mood_new public.mood;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.results SET mood_new = mood::public.mood WHERE ...;
-- let it read mood_new, and drop mood when nobody uses it any more.

ALTER TABLE public.results
  ALTER COLUMN mood DROP DEFAULT,
  ALTER COLUMN mood TYPE public.mood USING mood::public.mood,
  ALTER COLUMN mood SET DEFAULT 'ok'::public.mood;
