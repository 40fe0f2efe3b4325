INSERT INTO results (run, "Name", code) SELECT g % 3, 'n' || g, NULLIF(g, 7) FROM generate_series(1, 20) g;
