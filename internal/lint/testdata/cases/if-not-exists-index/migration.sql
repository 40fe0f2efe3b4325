-- atlas:txmode none

CREATE INDEX CONCURRENTLY IF NOT EXISTS notes ON orders (note);
