-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if a row is against a_positive.
ALTER TABLE public.seat VALIDATE CONSTRAINT a_positive;

-- Reads the whole table and blocks nobody; fails if a row is against a_to_hall.
ALTER TABLE public.seat VALIDATE CONSTRAINT a_to_hall;

-- Reads the whole table and blocks nobody; fails if a row is against positive_too.
ALTER TABLE public.seat VALIDATE CONSTRAINT positive_too;

-- Reads the whole table and blocks nobody; fails if a row is against to_hall_too.
ALTER TABLE public.seat VALIDATE CONSTRAINT to_hall_too;
