ALTER TABLE orders ALTER COLUMN amount TYPE integer;
ALTER TABLE orders ALTER COLUMN state TYPE varchar(20);
