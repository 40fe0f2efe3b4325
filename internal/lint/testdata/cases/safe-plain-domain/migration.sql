ALTER TABLE orders ADD COLUMN n plain;
