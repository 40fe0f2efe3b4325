-- atlas:txmode none

-- A foreign key that rests on part_pkey goes over to another index with the same columns, without a moment in which it does not hold.
-- repeatable it does nothing once part_pkey is gone
DO $$
DECLARE
  drops text[];
  adds text[];
  stmt text;
BEGIN
  SELECT coalesce(array_agg(format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname) ORDER BY k.oid), '{}'),
      coalesce(array_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s; COMMENT ON CONSTRAINT %2$I ON %1$s IS %4$L', k.conrelid::regclass, k.conname,
        pg_get_constraintdef(k.oid) || CASE WHEN k.convalidated AND r.relkind = 'r' THEN ' NOT VALID' ELSE '' END, obj_description(k.oid, 'pg_constraint')) ORDER BY k.oid), '{}')
    INTO drops, adds
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.conindid = to_regclass('public.part_pkey');
  FOREACH stmt IN ARRAY drops LOOP
    EXECUTE stmt;
  END LOOP;
  ALTER TABLE public.part DROP CONSTRAINT IF EXISTS part_pkey;
  FOREACH stmt IN ARRAY adds LOOP
    EXECUTE stmt;
  END LOOP;
END
$$;

-- Reads the whole table if the key went over, and blocks nobody; does nothing otherwise.
ALTER TABLE public.of_part VALIDATE CONSTRAINT of_part;
