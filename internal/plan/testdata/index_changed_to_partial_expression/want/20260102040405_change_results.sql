-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY ix_results_source_new ON public.results (lower(source)) WHERE (duration > 0);

DROP INDEX CONCURRENTLY public.ix_results_source;

ALTER INDEX public.ix_results_source_new RENAME TO ix_results_source;

COMMENT ON INDEX public.ix_results_source IS 'found by the lower case';

-- The planner knows nothing about an expression's values yet.
ANALYZE public.results;
