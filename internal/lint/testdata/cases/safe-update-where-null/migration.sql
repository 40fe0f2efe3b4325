UPDATE orders SET note = '' WHERE note IS NULL;
UPDATE orders SET state = 'new' WHERE state = 'old' OR (state = 'none' AND true);
