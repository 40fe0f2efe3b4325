CREATE OR REPLACE VIEW names AS SELECT name, id FROM customers;
