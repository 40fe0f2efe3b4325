-- atlas:txmode none

-- The new index is built beside the old one, which serves until then.
CREATE INDEX CONCURRENTLY ix_new ON public.results (source);

DROP INDEX CONCURRENTLY public.ix;

ALTER INDEX public.ix_new RENAME TO ix;
