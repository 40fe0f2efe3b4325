INSERT INTO results VALUES (1, '[1]', 2);
