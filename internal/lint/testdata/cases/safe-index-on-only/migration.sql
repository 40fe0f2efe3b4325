CREATE INDEX kinds ON ONLY events (kind);
