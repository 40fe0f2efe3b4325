-- atlas:txmode none

REINDEX INDEX CONCURRENTLY orders_state;
