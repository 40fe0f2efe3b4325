ALTER INDEX public.ix_results_env RENAME TO ix_results_environment;
