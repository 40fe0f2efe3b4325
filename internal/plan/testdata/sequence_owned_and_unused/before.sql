CREATE TABLE t (id bigint);
CREATE SEQUENCE order_no OWNED BY t.id;
