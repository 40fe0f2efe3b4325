-- atlas:txmode none

ALTER TABLE public.p1 ADD CONSTRAINT p_a_id_fkey FOREIGN KEY (a_id) REFERENCES public.a(id) NOT VALID;

-- Reads the whole partition and blocks nobody; fails if a row is against p_a_id_fkey.
ALTER TABLE public.p1 VALIDATE CONSTRAINT p_a_id_fkey;

-- Takes over the keys of the partitions, which are valid: nothing is read.
ALTER TABLE public.p ADD CONSTRAINT p_a_id_fkey FOREIGN KEY (a_id) REFERENCES public.a(id);
