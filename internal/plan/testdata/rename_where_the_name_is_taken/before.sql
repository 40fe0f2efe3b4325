CREATE TABLE t0 (id serial, n int);
CREATE SEQUENCE t_id_seq;
