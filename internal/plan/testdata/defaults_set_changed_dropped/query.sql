INSERT INTO results (id, c) VALUES (2, 'y') RETURNING a || ' ' || b
