-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
ALTER TABLE ONLY public.events ADD CONSTRAINT events_pkey PRIMARY KEY (id, at);

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY events_2025_events_pkey ON public.events_2025 (id, at);

ALTER TABLE public.events_2025 ADD CONSTRAINT events_2025_events_pkey PRIMARY KEY USING INDEX events_2025_events_pkey;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2025_events_pkey;

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY events_2026_events_pkey ON public.events_2026 (id, at);

ALTER TABLE public.events_2026 ADD CONSTRAINT events_2026_events_pkey PRIMARY KEY USING INDEX events_2026_events_pkey;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_events_pkey;
