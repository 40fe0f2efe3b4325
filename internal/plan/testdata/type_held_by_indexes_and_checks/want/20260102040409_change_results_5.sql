-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public."Results" ADD CONSTRAINT b_is_number CHECK ((b > 0)) NOT VALID;
