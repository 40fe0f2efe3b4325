CREATE TABLE regions (id bigint PRIMARY KEY, name text);
UPDATE regions SET name = '' WHERE name IS NULL;
UPDATE orders SET note = '' WHERE NOT (note IS NOT NULL OR true);
