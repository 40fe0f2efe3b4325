INSERT INTO results SELECT generate_series(1, 3000);
