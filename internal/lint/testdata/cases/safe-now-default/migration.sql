ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT now();
