-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_results_source ON public.results (source);
