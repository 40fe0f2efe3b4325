ALTER TABLE customers ALTER COLUMN balance TYPE numeric(8,2);
