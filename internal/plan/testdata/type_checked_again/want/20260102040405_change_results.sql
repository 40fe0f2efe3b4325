-- BLOCKS public.results: the type of source changes from character varying(10) to character varying(20), and every row is checked again.
-- Nobody reads or writes the table meanwhile.
-- To keep the application running, expand and contract instead: first
--   ALTER TABLE public.results ADD COLUMN source_new character varying(20);
-- let the application write both columns, fill the old rows in batches with
--   UPDATE public.results SET source_new = source WHERE ...;
-- let it read source_new, and drop source when nobody uses it any more.

ALTER TABLE public.results ALTER COLUMN source TYPE character varying(20);
