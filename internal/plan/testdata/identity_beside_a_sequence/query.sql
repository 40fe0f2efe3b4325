WITH a AS (INSERT INTO t DEFAULT VALUES RETURNING id), b AS (INSERT INTO u DEFAULT VALUES RETURNING id), c AS (INSERT INTO v DEFAULT VALUES RETURNING id)
SELECT format('t, u and v go on at %s, %s and %s', a.id, b.id, c.id) FROM a, b, c
