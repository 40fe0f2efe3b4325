UPDATE orders SET state = 'old';
