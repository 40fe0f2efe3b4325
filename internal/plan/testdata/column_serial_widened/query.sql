INSERT INTO results (id) VALUES (3) RETURNING 'the next is ' || n
