-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.seat ADD CONSTRAINT positive_too CHECK ((n > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against positive_too.
ALTER TABLE public.seat VALIDATE CONSTRAINT positive_too;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.seat ADD CONSTRAINT a_positive CHECK ((n > 0)) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against a_positive.
ALTER TABLE public.seat VALIDATE CONSTRAINT a_positive;
