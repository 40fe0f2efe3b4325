INSERT INTO "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllé" (id, ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) VALUES (1, 'abc');
