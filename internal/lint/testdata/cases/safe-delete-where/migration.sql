DELETE FROM orders WHERE state = 'gone';
