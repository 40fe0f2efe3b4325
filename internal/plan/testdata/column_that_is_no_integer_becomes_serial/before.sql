CREATE TABLE t (id text, n int);
