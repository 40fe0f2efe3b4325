ALTER TABLE orders ALTER COLUMN note TYPE uuid USING note::uuid;
