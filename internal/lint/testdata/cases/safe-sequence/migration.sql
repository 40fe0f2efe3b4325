CREATE SEQUENCE tickets;
ALTER SEQUENCE tickets RESTART WITH 100;
ALTER SEQUENCE old_tickets CACHE 10;
SELECT setval('old_tickets', greatest((SELECT max(id) FROM orders), 1));
