CREATE INDEX notes ON orders (note);
