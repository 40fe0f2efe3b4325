-- DROP TABLE orders;
/* ALTER TABLE orders DROP COLUMN note; TRUNCATE orders; */
SELECT 1; -- DROP TABLE customers;
