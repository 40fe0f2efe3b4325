ALTER TABLE orders ADD COLUMN kind text;
UPDATE orders SET kind = 'x' WHERE kind IS NULL;
