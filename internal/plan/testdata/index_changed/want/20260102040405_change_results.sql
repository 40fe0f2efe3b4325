-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY ix_results_source_new ON public.results (source, duration);

DROP INDEX CONCURRENTLY public.ix_results_source;

ALTER INDEX public.ix_results_source_new RENAME TO ix_results_source;
