-- alembic:revision 8cf9148b9ad9

-- Deleting an import takes its uploaded file with it.

-- The new key is built and checked beside the old one: while rows are checked, both
-- tables can be read. Only the two statements after it, which take no time, shut
-- readers out.
ALTER TABLE public.import_files
    ADD CONSTRAINT import_files_import_id_cascade
    FOREIGN KEY (import_id) REFERENCES public.imports (id) ON DELETE CASCADE;

-- The old key has another name on databases that were not created by Alembic, and a
-- database may have it twice.
DO $$
DECLARE
    old name;
BEGIN
    FOR old IN
        SELECT c.conname
        FROM pg_catalog.pg_constraint c
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND ARRAY[a.attnum] = c.conkey
        JOIN pg_catalog.pg_attribute r ON r.attrelid = c.confrelid AND ARRAY[r.attnum] = c.confkey
        WHERE c.contype = 'f'
          AND c.conrelid = 'public.import_files'::regclass AND a.attname = 'import_id'
          AND c.confrelid = 'public.imports'::regclass AND r.attname = 'id'
          AND c.conname <> 'import_files_import_id_cascade'
    LOOP
        EXECUTE format('ALTER TABLE public.import_files DROP CONSTRAINT %I', old);
    END LOOP;
END
$$;

ALTER TABLE public.import_files
    RENAME CONSTRAINT import_files_import_id_cascade TO import_files_import_id_fkey;
