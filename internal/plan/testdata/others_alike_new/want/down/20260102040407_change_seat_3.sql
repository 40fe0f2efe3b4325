ALTER TABLE public.seat
  DROP CONSTRAINT to_hall_too,
  ADD CONSTRAINT to_hall_too FOREIGN KEY (hall_id) REFERENCES public.hall(id) NOT VALID,
  DROP CONSTRAINT positive_too,
  ADD CONSTRAINT positive_too CHECK ((n > 0)) NOT VALID,
  DROP CONSTRAINT a_to_hall,
  ADD CONSTRAINT a_to_hall FOREIGN KEY (hall_id) REFERENCES public.hall(id) NOT VALID,
  DROP CONSTRAINT a_positive,
  ADD CONSTRAINT a_positive CHECK ((n > 0)) NOT VALID;
