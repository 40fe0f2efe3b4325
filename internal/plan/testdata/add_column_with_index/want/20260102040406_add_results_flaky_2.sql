-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_results_flaky ON public.results (flaky);
