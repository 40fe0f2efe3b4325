-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_results_environment ON public.results (environment);
