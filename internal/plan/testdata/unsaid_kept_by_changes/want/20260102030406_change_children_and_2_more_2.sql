-- Reads the whole table and blocks nobody; fails if a row is against to_parent_new.
ALTER TABLE public.children VALIDATE CONSTRAINT to_parent_new;
