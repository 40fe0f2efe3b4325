-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."B" ADD CONSTRAINT "B_a_id_fkey" FOREIGN KEY (a_id) REFERENCES public.a(id) ON DELETE CASCADE NOT VALID;
