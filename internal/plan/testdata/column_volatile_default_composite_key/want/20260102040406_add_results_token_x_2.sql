-- atlas:txmode none

-- Fill "Token x" in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start record;
  batch_end record;
BEGIN
  SELECT r."Day", r.id INTO batch_start FROM public.results r ORDER BY r."Day", r.id LIMIT 1;
  LOOP
    SELECT r."Day", r.id INTO batch_end FROM public.results r WHERE (r."Day", r.id) >= (batch_start."Day", batch_start.id) ORDER BY r."Day", r.id OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE public.results r SET "Token x" = DEFAULT WHERE (r."Day", r.id) >= (batch_start."Day", batch_start.id) AND (r."Day", r.id) < (batch_end."Day", batch_end.id) AND r."Token x" IS NULL;
    COMMIT;
    batch_start := batch_end;
  END LOOP;
  UPDATE public.results r SET "Token x" = DEFAULT WHERE (r."Day", r.id) >= (batch_start."Day", batch_start.id) AND r."Token x" IS NULL;
END
$$;

ANALYZE public.results ("Token x");
