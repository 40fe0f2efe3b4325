-- Reads the whole table and blocks nobody; fails if a row is against "B_a_id_fkey".
ALTER TABLE public."B" VALIDATE CONSTRAINT "B_a_id_fkey";
