ALTER TABLE public.a_b DROP CONSTRAINT a_b_c_fkey1;
