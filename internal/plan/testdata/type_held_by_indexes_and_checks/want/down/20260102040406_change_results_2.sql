-- REWRITES public."Results": the type of e changes from text to character varying(10), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of e does not fit into character varying(10); such rows:
--   SELECT * FROM public."Results" WHERE length(rtrim(e::text, ' ')) > 10;

ALTER TABLE public."Results" ALTER COLUMN e TYPE character varying(10);
