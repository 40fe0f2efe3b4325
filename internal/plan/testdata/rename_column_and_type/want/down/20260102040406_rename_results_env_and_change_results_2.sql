-- REWRITES public.results: the type of environment changes from text to character varying(100), which writes every row and every index anew.
-- Nobody reads or writes the table meanwhile, and the disk holds it twice.
-- Fails if a value of environment does not fit into character varying(100); such rows:
--   SELECT * FROM public.results WHERE length(rtrim(environment::text, ' ')) > 100;

ALTER INDEX public.ix_results_environment RENAME TO ix_results_env;

ALTER TABLE public.results ALTER COLUMN environment TYPE character varying(100);
