-- atlas:txmode none

-- Fill n in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start1 uuid;
  batch_end1 uuid;
BEGIN
  SELECT r.id INTO batch_start1 FROM public.runs r ORDER BY r.id LIMIT 1;
  LOOP
    SELECT r.id INTO batch_end1 FROM public.runs r WHERE r.id >= batch_start1 ORDER BY r.id OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE public.runs r SET n = DEFAULT WHERE r.id >= batch_start1 AND r.id < batch_end1 AND r.n IS NULL;
    COMMIT;
    batch_start1 := batch_end1;
  END LOOP;
  UPDATE public.runs r SET n = DEFAULT WHERE r.id >= batch_start1 AND r.n IS NULL;
END
$$;

ANALYZE public.runs (n);
