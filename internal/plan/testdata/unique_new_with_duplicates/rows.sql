INSERT INTO results (id, source) VALUES (1, 'a'), (2, 'a');
