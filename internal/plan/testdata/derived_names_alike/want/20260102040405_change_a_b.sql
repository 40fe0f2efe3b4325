-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.a_b
  ADD CONSTRAINT a_b_c_check1 CHECK ((c > 0)) NOT VALID,
  ADD CONSTRAINT a_b_c_check2 CHECK ((c < 100)) NOT VALID;
