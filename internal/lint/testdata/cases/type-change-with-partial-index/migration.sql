ALTER TABLE customers ALTER COLUMN mail TYPE varchar(200);
