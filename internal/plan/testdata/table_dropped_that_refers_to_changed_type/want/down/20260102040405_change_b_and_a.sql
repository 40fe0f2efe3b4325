-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."B" ADD CONSTRAINT a_fk FOREIGN KEY (a_id) REFERENCES public.a(id) ON DELETE CASCADE NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against a_fk.
ALTER TABLE public."B" VALIDATE CONSTRAINT a_fk;
