ALTER TABLE orders ALTER COLUMN state TYPE citext;
