ALTER TABLE customers ALTER COLUMN balance TYPE numeric(12,4);
