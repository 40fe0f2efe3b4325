-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY u2 ON public.seat (code);

ALTER TABLE public.seat ADD CONSTRAINT u2 UNIQUE USING INDEX u2;
