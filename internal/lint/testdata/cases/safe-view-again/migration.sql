DROP VIEW names;
CREATE VIEW names AS SELECT name, id FROM customers;
