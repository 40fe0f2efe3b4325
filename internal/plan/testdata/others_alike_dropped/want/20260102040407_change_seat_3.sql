ALTER TABLE public.seat
  DROP CONSTRAINT a_positive,
  DROP CONSTRAINT positive_too;
