ALTER TABLE customers ADD COLUMN nick text UNIQUE;
