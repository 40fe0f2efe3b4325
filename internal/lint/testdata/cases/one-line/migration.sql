ALTER TABLE orders DROP COLUMN note; DROP INDEX orders_state; TRUNCATE customers
