DROP TABLE scratch.orders;
ALTER TABLE scratch2.orders RENAME TO x;
