ALTER TABLE public.seat
  DROP CONSTRAINT to_hall_too,
  DROP CONSTRAINT a_to_hall;
