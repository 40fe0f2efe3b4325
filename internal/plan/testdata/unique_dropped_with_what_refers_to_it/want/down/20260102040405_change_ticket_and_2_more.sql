-- atlas:txmode none

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.wish ADD CONSTRAINT wish_seat FOREIGN KEY (seat) REFERENCES public.seat(code) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against wish_seat.
ALTER TABLE public.wish VALIDATE CONSTRAINT wish_seat;

-- Checks new rows from now on; those that are there are validated later, without blocking anybody.
ALTER TABLE public.ticket ADD CONSTRAINT ticket_seat FOREIGN KEY (seat) REFERENCES public.seat(code) NOT VALID;

-- Reads the whole table and blocks nobody; fails if a row is against ticket_seat.
ALTER TABLE public.ticket VALIDATE CONSTRAINT ticket_seat;
