CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('a_id_seq'));
