SET search_path = archive;
UPDATE orders SET id = 1;
ALTER TABLE orders DROP COLUMN x;
