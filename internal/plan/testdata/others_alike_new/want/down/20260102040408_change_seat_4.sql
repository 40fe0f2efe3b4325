-- atlas:txmode none

DROP INDEX CONCURRENTLY public.seat_n_too;

DROP INDEX CONCURRENTLY public.seat_id_too;

DROP INDEX CONCURRENTLY public.seat_by_hall_too;

DROP INDEX CONCURRENTLY public.a_seat_by_hall;
