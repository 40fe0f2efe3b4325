CREATE INDEX CONCURRENTLY notes ON orders (note);
