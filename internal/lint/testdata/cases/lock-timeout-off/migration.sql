-- What pg_dump writes at the top of a dump.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET LOCAL lock_timeout TO '1h';
RESET lock_timeout;
RESET ALL;
SELECT pg_catalog.set_config('lock_timeout', '0', false);
DO $$BEGIN
    IF true THEN
        SET lock_timeout = 0;
    END IF;
END$$;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM set_config('lock_timeout', '10min', true);
END
$f$;
