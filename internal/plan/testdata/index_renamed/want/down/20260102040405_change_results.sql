ALTER INDEX public.results_by_source RENAME TO ix_results_source;
