INSERT INTO results (id) VALUES (1), (2);
