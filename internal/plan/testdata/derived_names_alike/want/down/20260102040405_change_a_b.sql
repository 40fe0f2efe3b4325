ALTER TABLE public.a_b
  DROP CONSTRAINT a_b_c_check2,
  DROP CONSTRAINT a_b_c_check1;
