ALTER INDEX orders_state RENAME TO orders_by_state;
