-- atlas:txmode none

CREATE INDEX CONCURRENTLY orders_state_new ON orders (state);
DROP INDEX CONCURRENTLY orders_state;
ALTER INDEX orders_state_new RENAME TO orders_state;
