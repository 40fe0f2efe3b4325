CREATE TABLE t0 (id serial, n int);
CREATE SEQUENCE own;
