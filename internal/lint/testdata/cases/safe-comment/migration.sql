-- DROP TABLE orders;
/* ALTER TABLE orders DROP COLUMN note; TRUNCATE orders; */
