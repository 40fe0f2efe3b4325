ALTER TABLE orders ADD COLUMN a int DEFAULT 1, ADD COLUMN b timestamptz DEFAULT clock_timestamp();
