CREATE TABLE a (id serial PRIMARY KEY, again int DEFAULT nextval('a_id_seq'));
CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('a_id_seq'));
CREATE TABLE c (id int, n bigint DEFAULT nextval('a_id_seq'));
