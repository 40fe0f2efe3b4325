-- atlas:txmode none

-- The partitioned table's own index has no rows; it is valid when all partitions have theirs.
CREATE INDEX logs_text ON ONLY public.logs (text);

CREATE INDEX CONCURRENTLY logs_2025_logs_text ON public.logs_2025 (text);

ALTER INDEX public.logs_text ATTACH PARTITION public.logs_2025_logs_text;
