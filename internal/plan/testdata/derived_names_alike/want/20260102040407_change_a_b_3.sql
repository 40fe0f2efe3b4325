-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if a row is against a_b_c_check1.
ALTER TABLE public.a_b VALIDATE CONSTRAINT a_b_c_check1;

-- Reads the whole table and blocks nobody; fails if a row is against a_b_c_check2.
ALTER TABLE public.a_b VALIDATE CONSTRAINT a_b_c_check2;

-- Reads the whole table and blocks nobody; fails if a row is against a_b_c_fkey1.
ALTER TABLE public.a_b VALIDATE CONSTRAINT a_b_c_fkey1;
