-- atlas:txmode none

DROP INDEX CONCURRENTLY public.ix_runs_summary;

DROP INDEX CONCURRENTLY public.ix_runs_pass_percent;
