WITH a AS (INSERT INTO t DEFAULT VALUES RETURNING id), b AS (INSERT INTO u DEFAULT VALUES RETURNING id)
SELECT format('t and u go on at %s and %s', a.id, b.id) FROM a, b
