ALTER TABLE customers ALTER COLUMN balance TYPE numeric;
