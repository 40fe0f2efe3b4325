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
CREATE TABLE events (id bigint, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
