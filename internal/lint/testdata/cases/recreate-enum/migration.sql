CREATE TYPE mood2 AS ENUM ('a');
ALTER TABLE orders ALTER mood TYPE mood2 USING mood::text::mood2;
DROP TYPE mood;
ALTER TYPE mood2 RENAME TO mood;
