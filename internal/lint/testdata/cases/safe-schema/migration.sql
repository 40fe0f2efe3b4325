CREATE SCHEMA reports;
CREATE TABLE reports.orders (id int);
DROP TABLE reports.orders;
DROP SCHEMA reports;
