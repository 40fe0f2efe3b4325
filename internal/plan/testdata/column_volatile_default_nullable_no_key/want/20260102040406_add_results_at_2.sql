-- atlas:txmode none

-- Fill at in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_changed bigint;
  changed bigint;
BEGIN
  FOR pass IN 1..10 LOOP
    changed := 0;
    FOR block IN 0..pg_relation_size('public.results'::regclass) / current_setting('block_size')::bigint BY 100 LOOP
      UPDATE public.results r SET at = DEFAULT WHERE r.ctid >= format('(%s,0)', block)::tid AND r.ctid < format('(%s,0)', block + 100)::tid AND r.at IS NULL;
      GET DIAGNOSTICS batch_changed = ROW_COUNT;
      changed := changed + batch_changed;
      COMMIT;
    END LOOP;
    EXIT WHEN changed = 0;
  END LOOP;
END
$$;

ANALYZE public.results (at);
