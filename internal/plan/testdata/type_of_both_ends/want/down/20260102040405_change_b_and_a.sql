-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."B" ADD CONSTRAINT "B_a_id_fkey" FOREIGN KEY (a_id) REFERENCES public.a(id) ON DELETE CASCADE NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against "B_a_id_fkey".
ALTER TABLE public."B" VALIDATE CONSTRAINT "B_a_id_fkey";
