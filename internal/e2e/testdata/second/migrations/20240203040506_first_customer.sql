-- alembic:revision ae1027a6acf

INSERT INTO "Shop Floor"."Customer" ("e-mail", "Notes") VALUES ('O''Brien; -- @example.com', '{"tags": ["vip"]}');
