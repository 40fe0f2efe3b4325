INSERT INTO "T" SELECT FROM generate_series(1, 5);
