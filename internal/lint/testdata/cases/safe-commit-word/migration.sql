DO $$
DECLARE
    commit int;
    "rollback" int := 0;
BEGIN
    -- COMMIT;
    commit := 1;
    RAISE NOTICE 'COMMIT; %; ROLLBACK;', commit;
    "rollback" := commit;
    PERFORM commit;
END
$$;
