ALTER TABLE orders ADD COLUMN agent_id bigint DEFAULT 1 REFERENCES customers (id);
