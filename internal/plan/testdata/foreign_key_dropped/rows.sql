INSERT INTO runs VALUES (1), (2);
INSERT INTO results (id, run_id) VALUES (1, 1), (2, 2), (3, NULL);
