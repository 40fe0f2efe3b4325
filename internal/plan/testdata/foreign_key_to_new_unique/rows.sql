INSERT INTO runs VALUES (1, 'a');
INSERT INTO results VALUES (1, 'a'), (2, NULL);
