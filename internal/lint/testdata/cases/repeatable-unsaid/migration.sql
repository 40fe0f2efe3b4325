-- atlas:txmode none

-- repeatable
DO $$
BEGIN
    UPDATE t SET a = 1 WHERE id < 10 AND a IS NULL;
    COMMIT;
END
$$;

-- repeatable the words stand above another statement
ANALYZE t;

CALL p();

-- repeatable REASON
CALL p();
