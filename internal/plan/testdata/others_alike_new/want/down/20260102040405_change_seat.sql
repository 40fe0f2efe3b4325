ALTER TABLE public.seat
  DROP CONSTRAINT positive_too,
  DROP CONSTRAINT a_positive;
