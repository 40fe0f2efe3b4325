ALTER TABLE orders ADD COLUMN kind text;
CREATE INDEX kinds ON orders (kind);
