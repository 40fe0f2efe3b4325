ALTER TABLE orders ADD COLUMN twice integer GENERATED ALWAYS AS (amount * 2) STORED, ADD COLUMN k int DEFAULT 1, ADD COLUMN at timestamptz DEFAULT now();
