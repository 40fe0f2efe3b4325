INSERT INTO results VALUES (1, 'ok');
