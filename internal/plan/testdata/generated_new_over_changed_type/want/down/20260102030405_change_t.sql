-- REWRITES public.t: the type of name changes from text to character varying(10), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of name does not fit into character varying(10); such rows:
--   SELECT * FROM public.t WHERE length(rtrim(name::text, ' ')) > 10;

ALTER TABLE public.t ALTER COLUMN name TYPE character varying(10);
