-- atlas:txmode none

-- Fill n in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start record;
  batch_end record;
BEGIN
  SELECT r.id INTO batch_start FROM public.b r ORDER BY r.id LIMIT 1;
  LOOP
    SELECT r.id INTO batch_end FROM public.b r WHERE r.id >= batch_start.id ORDER BY r.id OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE public.b r SET n = DEFAULT WHERE r.id >= batch_start.id AND r.id < batch_end.id AND r.n IS NULL;
    COMMIT;
    batch_start := batch_end;
  END LOOP;
  UPDATE public.b r SET n = DEFAULT WHERE r.id >= batch_start.id AND r.n IS NULL;
END
$$;

ANALYZE public.b (n);
