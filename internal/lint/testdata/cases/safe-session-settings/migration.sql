SET lock_timeout = '500ms';
SET LOCAL lock_timeout TO 1000;
SELECT pg_advisory_unlock(4711);
DISCARD PLANS;
CREATE TABLE lock_timeout (discard int, "all" int, pg_advisory_unlock_all text DEFAULT 'DISCARD ALL; SET lock_timeout = 0');
