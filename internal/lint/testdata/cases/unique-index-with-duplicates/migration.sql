-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY notes ON orders (note);
