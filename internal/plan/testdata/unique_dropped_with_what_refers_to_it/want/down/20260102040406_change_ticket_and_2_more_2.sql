-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY seat_code ON public.seat (code);

ALTER TABLE public.seat ADD CONSTRAINT seat_code UNIQUE USING INDEX seat_code;
