SELECT 'order_no is at ' || nextval('order_no')
