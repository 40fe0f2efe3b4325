CREATE TABLE customers (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  mail varchar(100),
  balance numeric(10,2) DEFAULT 0 NOT NULL,
  created timestamptz DEFAULT now() NOT NULL
);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint,
  note text,
  amount integer,
  state varchar(20) DEFAULT 'new' NOT NULL
);
CREATE INDEX orders_state ON orders (state);
CREATE DOMAIN positive AS int;
CREATE TABLE items (id int, n positive);
