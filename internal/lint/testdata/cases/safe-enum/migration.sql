CREATE TYPE mood AS ENUM ('a');
ALTER TYPE mood RENAME VALUE 'a' TO 'b';
CREATE TABLE moods (m mood);
DROP TABLE moods;
DROP TYPE mood;
