ALTER TABLE orders ADD COLUMN tier text DEFAULT 'free' NOT NULL;
UPDATE orders SET tier = 'paid' WHERE tier = 'free';
