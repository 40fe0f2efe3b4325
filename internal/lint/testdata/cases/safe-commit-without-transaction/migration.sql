-- atlas:txmode none

-- repeatable it fills only what is still NULL
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM t WHERE a IS NULL) LOOP
        UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 100);
        COMMIT;
    END LOOP;
END
$$;
