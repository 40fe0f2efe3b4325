CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE DOMAIN token AS uuid DEFAULT gen_random_uuid();
