SELECT nextval('order_no') || ' and ' || nextval('p_no')
