INSERT INTO moods VALUES ('sad'), ('ok');
INSERT INTO people VALUES ('sad'), (NULL);
