ALTER INDEX public.ix_results_environment RENAME TO ix_results_env;
