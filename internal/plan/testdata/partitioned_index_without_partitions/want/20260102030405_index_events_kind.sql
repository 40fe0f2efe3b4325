-- BLOCKS public.events: the migrations know of no partition; where a database has some, their indexes are built at once.
-- Nobody writes the table meanwhile.
-- There, build them first, with CREATE INDEX CONCURRENTLY on each partition: PostgreSQL takes them over.

CREATE INDEX ix_events_kind ON public.events (kind);
