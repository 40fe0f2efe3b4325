INSERT INTO "Results" VALUES (1, 'a', '1', NULL), (2, '12345678901', '2', NULL);
