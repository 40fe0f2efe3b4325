-- alembic:revision efdaeff6dc95
-- atlas:txmode none

-- A run's results within a project: without it that list times out on large installations.

-- Only if it is missing: some installations built it by hand. An INVALID one is dropped and
-- built again by apply; where another tool runs this file, the check below stops it.
-- atlas:nolint IB601 -- apply builds an INVALID index again, and the next statement checks it
CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_run_id_project_id
    ON public.results (run_id, project_id);

-- repeatable it only reads
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_index
        WHERE indexrelid = pg_catalog.to_regclass('public.ix_results_run_id_project_id') AND indisvalid
    ) THEN
        RAISE EXCEPTION 'the index public.ix_results_run_id_project_id is missing or INVALID'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'REINDEX INDEX CONCURRENTLY builds an INVALID one again; then apply again.';
    END IF;
END
$$;
