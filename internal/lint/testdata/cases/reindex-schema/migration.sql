-- atlas:txmode none

REINDEX SCHEMA public;
