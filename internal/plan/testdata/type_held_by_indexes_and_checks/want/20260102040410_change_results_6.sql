-- Reads the whole table and blocks nobody; fails if a row is against b_is_number.
ALTER TABLE public."Results" VALIDATE CONSTRAINT b_is_number;
