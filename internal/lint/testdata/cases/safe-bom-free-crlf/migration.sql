ALTER TABLE orders ADD COLUMN kind text;

