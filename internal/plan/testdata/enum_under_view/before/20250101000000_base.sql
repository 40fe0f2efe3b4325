CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood DEFAULT 'ok' NOT NULL, "all" mood[], n int);
CREATE VIEW v AS SELECT m FROM t;
