INSERT INTO orders SELECT i, i, CASE WHEN i > 1 THEN i END FROM generate_series(1, 3) i;
