-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY ids ON orders (id, note);
