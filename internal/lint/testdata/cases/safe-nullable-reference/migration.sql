ALTER TABLE orders ADD COLUMN agent_id bigint REFERENCES customers (id);
