CREATE TABLE agents (id int PRIMARY KEY);
ALTER TABLE orders ADD COLUMN agent int REFERENCES agents (id);
