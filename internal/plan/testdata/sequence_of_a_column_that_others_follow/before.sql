CREATE TABLE b (id serial PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY DEFAULT nextval('b_id_seq'));
CREATE TABLE d (id int, n bigint DEFAULT nextval('b_id_seq'));
