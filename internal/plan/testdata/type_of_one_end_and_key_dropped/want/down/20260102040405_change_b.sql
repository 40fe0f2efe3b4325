-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.b ADD CONSTRAINT b_a_id_fkey FOREIGN KEY (a_id) REFERENCES public.a(id) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against b_a_id_fkey.
ALTER TABLE public.b VALIDATE CONSTRAINT b_a_id_fkey;
