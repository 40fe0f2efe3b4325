ALTER TABLE orders ADD COLUMN n positive;
