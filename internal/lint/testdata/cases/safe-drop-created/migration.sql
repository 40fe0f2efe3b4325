CREATE TABLE scratch (id int);
ALTER TABLE scratch RENAME TO scratch2;
DROP TABLE scratch2;
