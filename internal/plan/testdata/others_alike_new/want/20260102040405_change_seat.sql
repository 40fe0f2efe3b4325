-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.seat
  ADD CONSTRAINT a_positive CHECK ((n > 0)) NOT VALID,
  ADD CONSTRAINT positive_too CHECK ((n > 0)) NOT VALID;
