INSERT INTO events VALUES (1, '2025-02-03', 'x');
