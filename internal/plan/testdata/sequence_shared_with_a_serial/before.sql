CREATE TABLE z (id serial PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('z_id_seq'));
