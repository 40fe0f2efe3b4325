INSERT INTO t DEFAULT VALUES;
SELECT nextval('order_no');
