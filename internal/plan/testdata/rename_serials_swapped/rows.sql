INSERT INTO t (a, b) VALUES (1, 10);
SELECT setval('t_a_seq', 1), setval('t_b_seq', 10);
