-- REWRITES public.results: the type of source changes from character varying(20) to character varying(10), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of source does not fit into character varying(10); such rows:
--   SELECT * FROM public.results WHERE length(rtrim(source::text, ' ')) > 10;

ALTER TABLE public.results ALTER COLUMN source TYPE character varying(10);
