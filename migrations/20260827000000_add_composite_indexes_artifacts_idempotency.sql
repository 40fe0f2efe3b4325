-- alembic:revision c4d5e6f7a8b9
-- atlas:txmode none

-- Whoever uploads an artifact or a result again first looks for the one that is there: an
-- artifact by its result or run and its file's name, a result by its run and test.

-- Only if they are missing: a build that was cut off leaves those before it. An INVALID one
-- is dropped and built again by apply; where another tool runs this file, the check at the end
-- stops it.
-- atlas:nolint IB601 -- apply builds an INVALID index again, and the last statement checks it
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_result_id_filename
    ON public.artifacts (result_id, filename);

-- atlas:nolint IB601 -- as above
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_artifacts_run_id_filename
    ON public.artifacts (run_id, filename);

-- atlas:nolint IB601 -- as above
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_run_id_test_id
    ON public.results (run_id, test_id);

-- repeatable it only reads
DO $$
DECLARE
    broken text;
BEGIN
    SELECT string_agg(name, ', ') INTO broken
    FROM unnest(ARRAY[
        'public.ix_artifacts_result_id_filename',
        'public.ix_artifacts_run_id_filename',
        'public.ix_results_run_id_test_id'
    ]) AS name
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_index
        WHERE indexrelid = pg_catalog.to_regclass(name) AND indisvalid
    );

    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'missing or INVALID: %', broken
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'REINDEX INDEX CONCURRENTLY builds an INVALID index again; then apply again.';
    END IF;
END
$$;
