-- atlas:txmode none

DROP INDEX CONCURRENTLY orders_state;
CREATE INDEX CONCURRENTLY orders_state ON orders (state, id);
