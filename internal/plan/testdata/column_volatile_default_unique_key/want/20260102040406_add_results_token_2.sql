-- atlas:txmode none

-- Fill token in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start record;
  batch_end record;
BEGIN
  SELECT r.run, r."Name" INTO batch_start FROM public.results r ORDER BY r.run, r."Name" LIMIT 1;
  LOOP
    SELECT r.run, r."Name" INTO batch_end FROM public.results r WHERE (r.run, r."Name") >= (batch_start.run, batch_start."Name") ORDER BY r.run, r."Name" OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE public.results r SET token = DEFAULT WHERE (r.run, r."Name") >= (batch_start.run, batch_start."Name") AND (r.run, r."Name") < (batch_end.run, batch_end."Name") AND r.token IS NULL;
    COMMIT;
    batch_start := batch_end;
  END LOOP;
  UPDATE public.results r SET token = DEFAULT WHERE (r.run, r."Name") >= (batch_start.run, batch_start."Name") AND r.token IS NULL;
END
$$;

ANALYZE public.results (token);
