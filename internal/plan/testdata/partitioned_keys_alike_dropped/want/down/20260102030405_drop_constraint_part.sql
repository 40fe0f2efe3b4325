-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
ALTER TABLE ONLY public.part ADD CONSTRAINT p1 UNIQUE (at, n);

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY part_2025_at_n_key ON public.part_2025 (at, n);

ALTER TABLE public.part_2025 ADD CONSTRAINT part_2025_at_n_key UNIQUE USING INDEX part_2025_at_n_key;

ALTER INDEX public.p1 ATTACH PARTITION public.part_2025_at_n_key;

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY part_rest_at_n_key ON public.part_rest (at, n);

ALTER TABLE public.part_rest ADD CONSTRAINT part_rest_at_n_key UNIQUE USING INDEX part_rest_at_n_key;

ALTER INDEX public.p1 ATTACH PARTITION public.part_rest_at_n_key;
