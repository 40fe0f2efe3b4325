INSERT INTO results (id, a) VALUES (1, 1);
