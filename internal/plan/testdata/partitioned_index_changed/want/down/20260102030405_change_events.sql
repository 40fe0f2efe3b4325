-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX ix_events_kind_new ON ONLY public.events (kind);

CREATE INDEX CONCURRENTLY events_2025_kind_idx ON public.events_2025 (kind);

ALTER INDEX public.ix_events_kind_new ATTACH PARTITION public.events_2025_kind_idx;

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX events_2026_kind_idx ON ONLY public.events_2026 (kind);

CREATE INDEX CONCURRENTLY "events_2026 A_kind_idx" ON public."events_2026 A" (kind);

ALTER INDEX public.events_2026_kind_idx ATTACH PARTITION public."events_2026 A_kind_idx";

ALTER INDEX public.ix_events_kind_new ATTACH PARTITION public.events_2026_kind_idx;

-- An index of a partitioned table cannot be dropped concurrently: this locks all partitions, for a moment.
DROP INDEX public.ix_events_kind;

ALTER INDEX public.ix_events_kind_new RENAME TO ix_events_kind;
