-- atlas:txmode none

CREATE UNIQUE INDEX CONCURRENTLY seat_n_too ON public.seat (n);

CREATE UNIQUE INDEX CONCURRENTLY seat_id_too ON public.seat (id);

CREATE INDEX CONCURRENTLY seat_by_hall_too ON public.seat (hall_id);

CREATE INDEX CONCURRENTLY a_seat_by_hall ON public.seat (hall_id);
