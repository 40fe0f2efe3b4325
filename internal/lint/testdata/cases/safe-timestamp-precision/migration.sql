ALTER TABLE seen ALTER COLUMN at TYPE timestamp(6);
