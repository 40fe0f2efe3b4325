-- atlas:txmode none

CREATE INDEX CONCURRENTLY ix_notes_text ON public.notes (text);

CREATE INDEX CONCURRENTLY ix_results_source ON public.results (source);
