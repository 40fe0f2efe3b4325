-- atlas:txmode none

DROP INDEX CONCURRENTLY IF EXISTS public.ix_results_run_id_project_id;
