-- atlas:txmode none

-- Reads the whole table and blocks nobody; fails if two rows have the same key.
CREATE UNIQUE INDEX CONCURRENTLY seat_pkey ON public.seat (id);

ALTER TABLE public.seat ADD CONSTRAINT seat_pkey PRIMARY KEY USING INDEX seat_pkey;
