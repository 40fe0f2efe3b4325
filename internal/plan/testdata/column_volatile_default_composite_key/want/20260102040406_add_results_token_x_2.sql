-- atlas:txmode none

-- Fill "Token x" in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start1 date;
  batch_end1 date;
  batch_start2 integer;
  batch_end2 integer;
BEGIN
  SELECT r."Day", r.id INTO batch_start1, batch_start2 FROM public.results r ORDER BY r."Day", r.id LIMIT 1;
  LOOP
    SELECT r."Day", r.id INTO batch_end1, batch_end2 FROM public.results r WHERE (r."Day", r.id) >= (batch_start1, batch_start2) ORDER BY r."Day", r.id OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE public.results r SET "Token x" = DEFAULT WHERE (r."Day", r.id) >= (batch_start1, batch_start2) AND (r."Day", r.id) < (batch_end1, batch_end2) AND r."Token x" IS NULL;
    COMMIT;
    batch_start1 := batch_end1;
    batch_start2 := batch_end2;
  END LOOP;
  UPDATE public.results r SET "Token x" = DEFAULT WHERE (r."Day", r.id) >= (batch_start1, batch_start2) AND r."Token x" IS NULL;
END
$$;

ANALYZE public.results ("Token x");
