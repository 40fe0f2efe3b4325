ALTER TABLE orders ADD COLUMN n int DEFAULT length('abc');
