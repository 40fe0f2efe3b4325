INSERT INTO results DEFAULT VALUES RETURNING 'the next is ' || id
