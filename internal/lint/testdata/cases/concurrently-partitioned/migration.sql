-- atlas:txmode none

CREATE INDEX CONCURRENTLY kinds ON events (kind);
