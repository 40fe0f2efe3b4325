-- atlas:txmode none

-- Fill at in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_filled bigint;
  filled bigint;
BEGIN
  FOR pass IN 1..10 LOOP
    filled := 0;
    FOR block IN 0..pg_relation_size('public.results'::regclass) / current_setting('block_size')::bigint BY 100 LOOP
      UPDATE public.results r SET at = DEFAULT WHERE r.ctid >= format('(%s,0)', block)::tid AND r.ctid < format('(%s,0)', block + 100)::tid AND r.at IS NULL;
      GET DIAGNOSTICS batch_filled = ROW_COUNT;
      filled := filled + batch_filled;
      COMMIT;
    END LOOP;
    EXIT WHEN filled = 0;
  END LOOP;
END
$$;

ANALYZE public.results (at);
