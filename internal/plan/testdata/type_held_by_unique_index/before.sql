CREATE TABLE t (id bigint PRIMARY KEY, code text NOT NULL);
CREATE UNIQUE INDEX t_code ON t (code text_pattern_ops);
