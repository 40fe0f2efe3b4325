ALTER TABLE seen ALTER COLUMN at TYPE timestamptz;
