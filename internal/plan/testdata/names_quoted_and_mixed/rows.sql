INSERT INTO "App Data"."Test Runs" ("Id", "Ünï") VALUES (1, 5);
