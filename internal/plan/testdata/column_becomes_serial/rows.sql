INSERT INTO results (id, source, duration) SELECT i, 'source ' || i, i FROM generate_series(1, 3) i;
