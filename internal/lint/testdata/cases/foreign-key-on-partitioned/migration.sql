ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES customers (id);
