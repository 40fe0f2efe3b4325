COMMENT ON TABLE orders IS E'its \n; DROP TABLE orders;';
SELECT $a$ ; TRUNCATE orders; $a$, U&'\0041';
