ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id), ADD FOREIGN KEY (amount) REFERENCES agents (id);
