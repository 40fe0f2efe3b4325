INSERT INTO results VALUES (1, NULL), (2, 1);
