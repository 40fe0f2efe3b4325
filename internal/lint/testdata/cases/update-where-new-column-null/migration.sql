ALTER TABLE orders ADD COLUMN region text;
ALTER TABLE orders ALTER COLUMN region SET DEFAULT 'eu';
UPDATE orders AS o SET region = 'eu' WHERE (o.region IS NULL);
