INSERT INTO results (id, "Day") SELECT i % 7, date '2026-01-01' + i FROM generate_series(1, 12000) i;
