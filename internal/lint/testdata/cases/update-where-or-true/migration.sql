UPDATE orders SET note = '' WHERE note IS NULL OR true;
