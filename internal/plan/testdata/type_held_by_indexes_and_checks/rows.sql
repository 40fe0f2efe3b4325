INSERT INTO "Results" VALUES (1, '7', '8', '9', NULL, 'x');
