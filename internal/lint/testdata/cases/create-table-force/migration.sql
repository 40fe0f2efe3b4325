DROP TABLE IF EXISTS orders;
CREATE TABLE orders (id int);
