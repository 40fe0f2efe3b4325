UPDATE orders SET note = '' WHERE true;
