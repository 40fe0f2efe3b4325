-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_results_source ON public.results (source);

CREATE INDEX CONCURRENTLY ix_results_run_source ON public.results (run_id, source);
