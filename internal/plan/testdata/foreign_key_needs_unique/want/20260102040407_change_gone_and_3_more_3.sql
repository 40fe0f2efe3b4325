-- Reads the whole table and blocks nobody; fails if a row is against a_b.
ALTER TABLE public.a VALIDATE CONSTRAINT a_b;
