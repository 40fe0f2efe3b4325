ALTER TABLE customers ALTER COLUMN created TYPE timestamp USING created AT TIME ZONE 'UTC';
