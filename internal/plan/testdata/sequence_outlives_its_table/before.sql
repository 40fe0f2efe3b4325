CREATE TABLE t (id bigint PRIMARY KEY, n serial);
CREATE SEQUENCE order_no OWNED BY t.id;
CREATE TABLE u (id int);
