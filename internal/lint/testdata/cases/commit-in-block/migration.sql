DO LANGUAGE plpgsql $$
DECLARE
    n int;
BEGIN
    LOOP
        UPDATE t SET a = 1 WHERE id IN (SELECT id FROM t WHERE a IS NULL LIMIT 100);
        GET DIAGNOSTICS n = ROW_COUNT;
        EXIT WHEN n = 0;
        /* each batch by itself */ commit;
    END LOOP;
END
$$;
