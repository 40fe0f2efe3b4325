CREATE UNIQUE INDEX u ON events (id, at);
