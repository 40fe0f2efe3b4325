-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if a row is against one_new.
ALTER TABLE public.t VALIDATE CONSTRAINT one_new;

-- Reads the whole table and blocks nobody; fails if a row is against three.
ALTER TABLE public.t VALIDATE CONSTRAINT three;
