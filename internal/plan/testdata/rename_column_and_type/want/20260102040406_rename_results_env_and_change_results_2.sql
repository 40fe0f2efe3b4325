ALTER TABLE public.results ALTER COLUMN environment TYPE text;

ALTER INDEX public.ix_results_env RENAME TO ix_results_environment;
