ALTER TABLE public.a_b
  DROP CONSTRAINT a_b_c_fkey1,
  ADD CONSTRAINT a_b_c_fkey1 FOREIGN KEY (c) REFERENCES public.a_b(id) NOT VALID,
  DROP CONSTRAINT a_b_c_check2,
  ADD CONSTRAINT a_b_c_check2 CHECK ((c < 100)) NOT VALID,
  DROP CONSTRAINT a_b_c_check1,
  ADD CONSTRAINT a_b_c_check1 CHECK ((c > 0)) NOT VALID;
