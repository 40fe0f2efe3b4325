CREATE SCHEMA app;
CREATE TABLE app.t (id serial PRIMARY KEY);
CREATE SEQUENCE app.order_no OWNED BY app.t.id;
CREATE SCHEMA gone;
CREATE TABLE gone.t (id serial PRIMARY KEY);
