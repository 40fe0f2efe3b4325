INSERT INTO results (id, duration) VALUES (1, -1);
