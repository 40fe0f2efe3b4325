CREATE TABLE t (id bigserial PRIMARY KEY, n int);
CREATE SEQUENCE extra OWNED BY t.id;
