CREATE INDEX kinds ON events (kind);
