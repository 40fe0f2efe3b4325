INSERT INTO "Sales"."Customers" VALUES (1, 10, NULL), (2, 20, 10);
INSERT INTO orders VALUES (1, 20, 1), (2, NULL, NULL);
