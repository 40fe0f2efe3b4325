INSERT INTO t VALUES (1), (2);
SELECT nextval('order_no');
