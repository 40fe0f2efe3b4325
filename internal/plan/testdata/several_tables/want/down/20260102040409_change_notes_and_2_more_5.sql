-- atlas:txmode none

DROP INDEX CONCURRENTLY public.ix_results_source;

DROP INDEX CONCURRENTLY public.ix_notes_text;
