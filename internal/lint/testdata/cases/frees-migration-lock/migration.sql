-- atlas:txmode none

SELECT pg_advisory_unlock_all();
DISCARD ALL;
-- repeatable it only unlocks
DO $$BEGIN PERFORM pg_catalog.pg_advisory_unlock_all(); END$$;
