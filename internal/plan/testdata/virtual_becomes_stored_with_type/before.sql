CREATE TABLE public.t (id integer PRIMARY KEY, n integer NOT NULL, name varchar(10) NOT NULL,
  twice integer GENERATED ALWAYS AS (n * 2) VIRTUAL, lower text GENERATED ALWAYS AS (lower(name)) VIRTUAL);
