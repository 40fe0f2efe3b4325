CREATE TABLE p (a int, b int, CONSTRAINT ab UNIQUE (a, b));
CREATE TABLE c (a int, b int, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL);
