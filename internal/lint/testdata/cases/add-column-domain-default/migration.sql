ALTER TABLE orders ADD COLUMN token token;
