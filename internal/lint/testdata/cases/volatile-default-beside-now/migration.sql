ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT now(), ADD COLUMN token uuid DEFAULT gen_random_uuid();
ALTER TABLE customers ALTER COLUMN balance TYPE text, ADD COLUMN k int DEFAULT length('abc');
