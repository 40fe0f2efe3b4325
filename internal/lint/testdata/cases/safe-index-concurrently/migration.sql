-- atlas:txmode none

CREATE INDEX CONCURRENTLY notes ON orders (note);
