-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.t
  ADD COLUMN d integer,
  ADD CONSTRAINT one_new CHECK ((a > d)) NOT VALID,
  ADD CONSTRAINT three CHECK ((d > c)) NOT VALID;
