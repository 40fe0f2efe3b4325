INSERT INTO "My App"."It's t" ("select") VALUES (5), (6);
INSERT INTO "My App".draws DEFAULT VALUES;
