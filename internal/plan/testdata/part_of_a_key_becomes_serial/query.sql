INSERT INTO t (a) VALUES (1) RETURNING 'the next is ' || n
