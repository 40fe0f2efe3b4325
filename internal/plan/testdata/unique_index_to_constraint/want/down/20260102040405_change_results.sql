-- atlas:txmode none

-- A constraint takes its index along: another like it is built first.
CREATE UNIQUE INDEX CONCURRENTLY ix_results_source_new ON public.results (source);

ALTER TABLE public.results DROP CONSTRAINT results_source_key;

ALTER INDEX public.ix_results_source_new RENAME TO ix_results_source;
