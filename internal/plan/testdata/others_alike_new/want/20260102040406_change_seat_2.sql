-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.seat ADD CONSTRAINT a_to_hall FOREIGN KEY (hall_id) REFERENCES public.hall(id) NOT VALID;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.seat ADD CONSTRAINT to_hall_too FOREIGN KEY (hall_id) REFERENCES public.hall(id) NOT VALID;
