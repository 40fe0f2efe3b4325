CREATE SCHEMA app;
CREATE TABLE app.t (id serial PRIMARY KEY, name text);
CREATE TABLE u (n int);
CREATE VIEW v AS SELECT name FROM app.t;
