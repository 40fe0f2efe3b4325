-- atlas:txmode none

ALTER TABLE public.seat
  DROP CONSTRAINT a_to_hall,
  DROP CONSTRAINT to_hall_too;
