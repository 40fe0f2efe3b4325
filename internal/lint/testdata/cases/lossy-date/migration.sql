ALTER TABLE customers ALTER created TYPE date;
