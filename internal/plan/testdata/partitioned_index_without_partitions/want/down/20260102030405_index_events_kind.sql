-- An index of a partitioned table cannot be dropped concurrently: this locks all partitions, for a moment.
DROP INDEX public.ix_events_kind;
