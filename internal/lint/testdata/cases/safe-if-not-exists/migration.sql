ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
CREATE TABLE IF NOT EXISTS customers (id bigint PRIMARY KEY, name text NOT NULL, mail varchar(100), balance numeric(10,2) DEFAULT 0 NOT NULL, created timestamptz DEFAULT now() NOT NULL);
