-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
ALTER TABLE ONLY public.part ADD CONSTRAINT part_pkey PRIMARY KEY (at, n);

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY part_2025_pkey ON public.part_2025 (at, n);

ALTER TABLE public.part_2025 ADD CONSTRAINT part_2025_pkey PRIMARY KEY USING INDEX part_2025_pkey;

ALTER INDEX public.part_pkey ATTACH PARTITION public.part_2025_pkey;

-- Reads the whole partition and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY part_rest_pkey ON public.part_rest (at, n);

ALTER TABLE public.part_rest ADD CONSTRAINT part_rest_pkey PRIMARY KEY USING INDEX part_rest_pkey;

ALTER INDEX public.part_pkey ATTACH PARTITION public.part_rest_pkey;
