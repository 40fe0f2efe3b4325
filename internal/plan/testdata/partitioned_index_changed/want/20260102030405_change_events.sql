-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX ix_events_kind_new ON ONLY public.events (kind, id);

CREATE INDEX CONCURRENTLY events_2025_ix_events_kind ON public.events_2025 (kind, id);

ALTER INDEX public.ix_events_kind_new ATTACH PARTITION public.events_2025_ix_events_kind;

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX events_2026_ix_events_kind ON ONLY public.events_2026 (kind, id);

CREATE INDEX CONCURRENTLY "events_2026 A_ix_events_kind" ON public."events_2026 A" (kind, id);

ALTER INDEX public.events_2026_ix_events_kind ATTACH PARTITION public."events_2026 A_ix_events_kind";

ALTER INDEX public.ix_events_kind_new ATTACH PARTITION public.events_2026_ix_events_kind;

-- An index of a partitioned table cannot be dropped concurrently: this locks all partitions, for a moment.
DROP INDEX public.ix_events_kind;

ALTER INDEX public.ix_events_kind_new RENAME TO ix_events_kind;
