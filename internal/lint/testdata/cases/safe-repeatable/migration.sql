-- atlas:txmode none

-- repeatable it fills only what is still NULL
DO $$
BEGIN
    UPDATE t SET a = 1 WHERE id < 10 AND a IS NULL;
    COMMIT;
END
$$;

/* repeatable: the procedure looks for itself */
CALL p();

VACUUM t;
CREATE INDEX CONCURRENTLY ix ON t (a);
