-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_results_env ON public.results (env);
