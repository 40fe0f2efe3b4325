CREATE TABLE t (id int, n serial);
ALTER TABLE t ALTER n DROP DEFAULT, ALTER n TYPE bigint;
