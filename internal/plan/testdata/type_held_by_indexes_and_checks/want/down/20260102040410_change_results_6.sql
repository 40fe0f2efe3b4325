ALTER TABLE public."Results"
  DROP CONSTRAINT b_is_number,
  ADD CONSTRAINT b_is_number CHECK ((b > 0)) NOT VALID;
