-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY ix_results_source ON public.results (source);
