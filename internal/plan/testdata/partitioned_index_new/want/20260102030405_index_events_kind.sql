-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX ix_events_kind ON ONLY public.events (kind);

CREATE INDEX CONCURRENTLY events_2025_ix_events_kind ON public.events_2025 (kind);

ALTER INDEX public.ix_events_kind ATTACH PARTITION public.events_2025_ix_events_kind;

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX events_2026_ix_events_kind ON ONLY public.events_2026 (kind);

CREATE INDEX CONCURRENTLY "events_2026 A_ix_events_kind" ON public."events_2026 A" (kind);

ALTER INDEX public.events_2026_ix_events_kind ATTACH PARTITION public."events_2026 A_ix_events_kind";

ALTER INDEX public.ix_events_kind ATTACH PARTITION public.events_2026_ix_events_kind;
