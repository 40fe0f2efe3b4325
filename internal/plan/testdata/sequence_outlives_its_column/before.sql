CREATE TABLE t (id bigserial PRIMARY KEY, n serial);
CREATE SEQUENCE order_no OWNED BY t.n;
