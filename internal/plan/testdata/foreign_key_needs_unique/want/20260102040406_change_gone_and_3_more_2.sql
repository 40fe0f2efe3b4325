-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.a ADD CONSTRAINT a_b FOREIGN KEY (b_id, owner) REFERENCES public.b(id, owner) ON DELETE CASCADE NOT VALID;
