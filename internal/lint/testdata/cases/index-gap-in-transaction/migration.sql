DROP INDEX orders_state;
CREATE INDEX orders_state ON orders (state, id);
