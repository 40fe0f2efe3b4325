INSERT INTO results (id) VALUES (9) RETURNING 'the next is ' || duration
