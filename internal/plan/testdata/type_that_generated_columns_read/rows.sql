INSERT INTO runs (id, passed, failed, name) VALUES (1, 2, 3, 'a'), (2, 0, 0, 'b');
