-- REWRITES public.results: the type of source changes from text to jsonb, which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of source does not fit into jsonb; such rows, from PostgreSQL 16 on:
--   SELECT * FROM public.results WHERE NOT pg_input_is_valid(source::text, 'jsonb');
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.results ADD COLUMN source_new jsonb;
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.results SET source_new = source::jsonb WHERE ...;
-- let it read source_new, and drop source when nobody uses it any more.
-- REWRITES public.results: the type of duration changes from integer to text, which writes every row and every index anew.
--   ALTER TABLE public.results ADD COLUMN duration_new text;
--   UPDATE public.results SET duration_new = duration WHERE ...;
-- let it read duration_new, and drop duration when nobody uses it any more.

ALTER TABLE public.results
  ALTER COLUMN source TYPE jsonb USING source::jsonb,
  ALTER COLUMN duration TYPE text;
