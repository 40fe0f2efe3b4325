UPDATE orders SET state = 'old' WHERE id = 1;
