-- atlas:txmode none

DROP INDEX CONCURRENTLY IF EXISTS public.ix_results_run_id_test_id;
DROP INDEX CONCURRENTLY IF EXISTS public.ix_artifacts_run_id_filename;
DROP INDEX CONCURRENTLY IF EXISTS public.ix_artifacts_result_id_filename;
