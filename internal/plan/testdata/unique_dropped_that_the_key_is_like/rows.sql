INSERT INTO seat VALUES (1, 10, NULL), (2, 20, 1);
INSERT INTO ticket VALUES (1, 1), (2, 1), (3, NULL);
