ALTER TABLE customers ALTER COLUMN mail TYPE varchar;
