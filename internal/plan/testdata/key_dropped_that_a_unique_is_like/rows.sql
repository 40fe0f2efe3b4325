INSERT INTO seat VALUES (1, 10), (2, 20);
INSERT INTO ticket VALUES (1, 1), (2, 1), (3, NULL);
