CREATE TEMP TABLE orders (id int);
UPDATE orders SET id = 1;
DELETE FROM orders;
TRUNCATE orders;
CREATE INDEX ON orders (id);
DROP TABLE pg_temp.orders;
