CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id), n int CHECK (n > 0) NOT NULL, UNIQUE (order_id, n));
CREATE INDEX items_n ON items (n);
ALTER TABLE items ADD COLUMN token uuid DEFAULT gen_random_uuid() NOT NULL;
INSERT INTO items SELECT id, id, 1 FROM orders;
UPDATE items SET n = 2;
ALTER TABLE items ALTER n TYPE bigint;
ALTER TABLE items DROP COLUMN token;
TRUNCATE items;
