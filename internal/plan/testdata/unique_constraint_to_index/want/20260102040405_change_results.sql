-- atlas:txmode none

-- A constraint takes its index along: another like it is built first.
CREATE UNIQUE INDEX CONCURRENTLY results_source_key_new ON public.results (source);

ALTER TABLE public.results DROP CONSTRAINT results_source_key;

ALTER INDEX public.results_source_key_new RENAME TO results_source_key;
