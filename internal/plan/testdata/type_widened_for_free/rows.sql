INSERT INTO results VALUES (1, 'a');
