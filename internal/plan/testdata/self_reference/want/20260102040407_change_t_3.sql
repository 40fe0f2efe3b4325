-- Reads the whole table and blocks nobody; fails if a row is against t_check.
ALTER TABLE public.t VALIDATE CONSTRAINT t_check;
