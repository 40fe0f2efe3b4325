ALTER INDEX public.ix_results_source RENAME TO results_by_source;
